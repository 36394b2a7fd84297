import type { ErrorCode } from '@lethe/contracts';
import type { SplicedBody } from '../http/types.js';
import {
  type ProviderClient,
  UpstreamError,
  type UpstreamFailure,
  type UpstreamResponse,
  type UpstreamTarget,
} from '../providers/types.js';
import type { FallbackPlan, PlannedAttempt } from './resolve-plan.js';

/** A provider's refusal, as closed facts. */
export interface ProviderRefusal {
  readonly code: ErrorCode;
  readonly param: string | null;
  readonly retriable: boolean;
  readonly retryAfterSeconds: number | undefined;
}

/** The last attempt failed: thrown after the plan is used up. Carries nothing of the provider's text. */
export class ProviderFailedError extends Error {
  constructor(
    readonly refusal: ProviderRefusal,
    readonly stage: 'connect' | 'await_head',
  ) {
    super('provider failed');
    this.name = 'ProviderFailedError';
  }
}

/** One attempt made ready: where it goes, with the headers that may go there, and its body. */
export interface PreparedAttempt {
  readonly target: UpstreamTarget;
  readonly body: SplicedBody;
}

export interface CallOptions {
  readonly client: ProviderClient;
  readonly plan: FallbackPlan;
  readonly streaming: boolean;
  readonly triesPerAccountMax: number;
  readonly retryWaitMs: number;
  /** Checks the policy again and makes one attempt ready. May throw: then no further attempt is made. */
  prepare(attempt: PlannedAttempt): PreparedAttempt;
  /** Reads a refusal's body, bounded, and reduces it to closed facts. */
  classify(response: UpstreamResponse): Promise<ProviderRefusal>;
  onAttempt(attempt: PlannedAttempt, fallbackIndex: number): void;
  aborted(): boolean;
  readonly onAbort: (abort: () => void) => void;
}

const failureCodes: Readonly<Record<UpstreamFailure, ErrorCode>> = {
  unreachable: 'provider.unreachable',
  connect_timeout: 'provider.unreachable',
  head_timeout: 'provider.timeout',
  idle_timeout: 'provider.timeout',
  head_too_large: 'provider.malformed_response',
  malformed: 'provider.malformed_response',
  reset: 'provider.failed',
  aborted: 'caller.aborted',
};

/** Only what never left may be repeated: a request that did may have been carried out. */
const refusalOf = ({ failure, sent }: Pick<UpstreamError, 'failure' | 'sent'>): ProviderFailedError =>
  new ProviderFailedError(
    {
      code: failureCodes[failure],
      param: null,
      retriable: !sent && failure !== 'aborted',
      retryAfterSeconds: undefined,
    },
    sent ? 'await_head' : 'connect',
  );

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const failureOf = (error: unknown): ProviderFailedError => {
  if (error instanceof UpstreamError) return refusalOf(error);
  throw error; // Ours, not the provider's.
};

const classified = async (options: CallOptions, response: UpstreamResponse): Promise<ProviderFailedError> => {
  try {
    return new ProviderFailedError(await options.classify(response), 'await_head');
  } catch (error) {
    return failureOf(error);
  }
};

/** One attempt: an answer below 300, or a refusal as closed facts. Not async: this is where most requests wait. */
const attemptOnce = (
  options: CallOptions,
  attempt: PlannedAttempt,
): Promise<UpstreamResponse | ProviderFailedError> => {
  const { target, body } = options.prepare(attempt);
  const accept = options.streaming ? 'text/event-stream' : 'application/json';
  return options.client
    .send(target, body, accept, options.onAbort)
    .then<UpstreamResponse | ProviderFailedError, ProviderFailedError>(
      (response) => (response.status < 300 ? response : classified(options, response)),
      failureOf,
    );
};

/**
 * Walks the plan: some tries at each account, then the next. Only what may safely be repeated is repeated, and each
 * attempt asks the policy anew. Throws ProviderFailedError with the last refusal, or what `prepare` throws.
 */
export const callWithFallback = async (options: CallOptions): Promise<UpstreamResponse> => {
  let last: ProviderFailedError | undefined;
  const { plan } = options;
  for (let fallbackIndex = 0; fallbackIndex < plan.length; fallbackIndex += 1) {
    const attempt = plan[fallbackIndex] as PlannedAttempt;
    for (let tries = 0; tries < options.triesPerAccountMax; tries += 1) {
      // Between attempts nothing is on its way.
      if (options.aborted()) throw refusalOf({ failure: 'aborted', sent: false });
      options.onAttempt(attempt, fallbackIndex);
      const result = await attemptOnce(options, attempt);
      if (!(result instanceof ProviderFailedError)) return result;
      last = result;
      if (!result.refusal.retriable) throw result;
      // A rate limit is the caller's to wait out, unless another account can serve.
      if (result.refusal.code === 'provider.rate_limited') break;
      if (tries + 1 < options.triesPerAccountMax) await wait(options.retryWaitMs * 2 ** tries);
    }
  }
  throw last as ProviderFailedError;
};
