import type { FaultKind } from '@lethe/simulated-provider';

/** How a fault of the provider ends for the caller and in the bill. */
export interface FaultEnd {
  readonly status: number;
  /** Of our own error, when the provider's answer never began. */
  readonly code?: string;
  /** The answer is as whole as its framing says, or its connection broke. */
  readonly end: 'whole' | 'broken' | 'left';
  readonly outcome: 'success' | 'provider_error' | 'stream_cut' | 'client_aborted';
  readonly errorType: string;
}

/** What happens when it is asked for a whole answer, and for a stream. */
export interface FaultCase {
  readonly whole: FaultEnd;
  readonly streamed: FaultEnd;
}

const refused = (status: number, code: string): FaultCase => {
  const end: FaultEnd = {
    status,
    code,
    end: 'whole',
    outcome: 'provider_error',
    errorType: `provider.${code}`,
  };
  return { whole: end, streamed: end };
};

const well: FaultEnd = { status: 200, end: 'whole', outcome: 'success', errorType: 'unspecified' };
const cut: FaultEnd = {
  status: 200,
  end: 'broken',
  outcome: 'stream_cut',
  errorType: 'provider.stream_cut',
};
/** Ended as HTTP wants it, and still not whole. */
const short: FaultEnd = { ...cut, end: 'whole' };
const told: FaultEnd = {
  status: 200,
  end: 'whole',
  outcome: 'provider_error',
  errorType: 'provider.stream_error',
};
const left: FaultEnd = {
  status: 200,
  end: 'left',
  outcome: 'client_aborted',
  errorType: 'caller.aborted',
};
const both = (end: FaultEnd): FaultCase => ({ whole: end, streamed: end });

/** Every fault of the simulated provider: nothing of them is repeated but what the provider says in an answer. */
export const faultCases: Readonly<Record<FaultKind, FaultCase>> = {
  '400': refused(400, 'invalid_request'),
  '401': refused(502, 'unauthenticated'),
  '403': refused(502, 'unauthenticated'),
  '429': refused(429, 'rate_limited'),
  '500': refused(502, 'failed'),
  '529': refused(503, 'overloaded'),
  hang: both({ ...left, status: 0 }),
  'slow-head': both(well),
  reset: refused(502, 'failed'),
  'reset-mid-stream': both(cut),
  cut: both(cut),
  'cut-clean': both(short),
  'no-usage': both(well),
  'mid-stream-error': both(told),
  // One bad event amid good ones is the caller's to skip; a whole answer that does not close is none.
  'bad-json': { whole: short, streamed: well },
  'huge-head': refused(502, 'malformed_response'),
  endless: both(left),
  'endless-head': refused(502, 'malformed_response'),
  drip: both(well),
  gzip: both(well),
  redirect: refused(502, 'malformed_response'),
  'two-responses': both(well),
  informational: both(well),
  'unknown-finish': both(well),
  'wrong-content-type': both(well),
  'long-length': both(cut),
  // A stream that lost its last bytes has said why it stopped by then.
  'short-length': { whole: short, streamed: well },
  'truncated-chunk': both(cut),
};
