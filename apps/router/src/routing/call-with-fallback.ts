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
 * attempt asks the policy anew. Rejects with ProviderFailedError, the last refusal, or with what `prepare` throws.
 */
export const callWithFallback = (options: CallOptions): Promise<UpstreamResponse> => walk(options, 0, 0);

/** The try at one account, and what follows when it fails. Most requests need one, and wait for nothing else. */
const walk = (options: CallOptions, fallbackIndex: number, tries: number): Promise<UpstreamResponse> => {
  try {
    // Between attempts nothing is on its way.
    if (options.aborted()) throw refusalOf({ failure: 'aborted', sent: false });
    const attempt = options.plan[fallbackIndex] as PlannedAttempt;
    options.onAttempt(attempt, fallbackIndex);
    return attemptOnce(options, attempt).then((result) =>
      result instanceof ProviderFailedError ? walkOn(options, result, fallbackIndex, tries) : result,
    );
  } catch (error) {
    return Promise.reject(error);
  }
};

const walkOn = async (
  options: CallOptions,
  failed: ProviderFailedError,
  fallbackIndex: number,
  tries: number,
): Promise<UpstreamResponse> => {
  const { refusal } = failed;
  if (!refusal.retriable) throw failed;
  // A rate limit is the caller's to wait out, unless another account can serve.
  if (refusal.code !== 'provider.rate_limited' && tries + 1 < options.triesPerAccountMax) {
    await wait(options.retryWaitMs * 2 ** tries);
    return walk(options, fallbackIndex, tries + 1);
  }
  if (fallbackIndex + 1 === options.plan.length) throw failed;
  return walk(options, fallbackIndex + 1, 0);
};
