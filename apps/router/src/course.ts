import { performance } from 'node:perf_hooks';
import {
  type Dialect,
  type Endpoint,
  type ErrorCode,
  errorCodes,
  type FailurePoint,
  type InsightId,
  newUuidV7,
  type Outcome,
} from '@lethe/contracts';
import { LetheError } from '@lethe/service-kit';
import type { RetentionDecision } from '@lethe/zdr-policy';
import type { Principal } from './auth/authenticate.js';
import { type CallerFields, noCallerFields } from './insight/caller-fields.js';
import type { CapturedExchange } from './insight/captured-exchange.js';
import type { ResponseReading } from './meter/types.js';
import type { KeptRawRequest } from './raw-request/keep-raw-request.js';
import { ProviderFailedError } from './routing/call-with-fallback.js';
import type { PlannedAttempt } from './routing/resolve-plan.js';

/** How a request ended when it did not end well. Closed codes only. */
export interface Failure {
  readonly code: ErrorCode;
  readonly point: FailurePoint;
  readonly outcome: Outcome;
}

/** What the caller is told of a failure. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly param: string | null;
  readonly retryAfterSeconds: number | undefined;
}

const outcomeOf = (code: ErrorCode): Outcome => {
  if (code === 'caller.aborted') return 'client_aborted';
  if (code.startsWith('provider.')) return 'provider_error';
  return code.startsWith('gateway.') ? 'gateway_error' : 'refused';
};

/**
 * What the pipeline has learned of one request so far. Written by pipeline.ts alone: stages take values and return
 * values. Holds counts, closed values and policy objects; content only inside `captured` and `rawRequest`.
 */
export class Course {
  readonly requestId: InsightId = newUuidV7();
  readonly arrivedAtMs = Date.now();
  readonly #startedAt = performance.now();
  point: FailurePoint = 'authenticate';
  principal: Principal | undefined;
  callerFields: CallerFields = noCallerFields;
  telemetryOnlyWished = false;
  admitted: RetentionDecision | undefined;
  streaming = false;
  captured: CapturedExchange | undefined;
  rawRequest: KeptRawRequest | undefined;
  concluded = false;
  attempt: PlannedAttempt | undefined;
  attempts = 0;
  fallbackIndex = 0;
  bytesRequest = 0;
  contentBytes = 0;
  statusCode = 0;
  reading: ResponseReading | undefined;
  failure: Failure | undefined;
  firstAttemptAfterMs = 0;
  firstByteAfterMs = 0;
  endAfterMs = 0;
  /** The caller left while a provider was at work: that has cost something, although no answer came. */
  cutInFlight = false;

  constructor(
    readonly endpoint: Endpoint,
    readonly policyVersion: bigint,
    readonly dialect: Dialect = 'openai',
  ) {}

  /** Whole milliseconds since the request arrived. */
  elapsedMs(): number {
    return Math.round(performance.now() - this.#startedAt);
  }

  received(bytesRequest: number, contentBytes: number): void {
    this.bytesRequest = bytesRequest;
    this.contentBytes = contentBytes;
  }

  attempting(attempt: PlannedAttempt, fallbackIndex: number): void {
    if (this.attempts === 0) this.firstAttemptAfterMs = this.elapsedMs();
    this.attempt = attempt;
    this.fallbackIndex = fallbackIndex;
    this.attempts += 1;
  }

  /** The provider's head is here. `stripped` are fields that ZDR took out of the request. */
  answering(statusCode: number, stripped: readonly string[]): void {
    this.statusCode = statusCode;
    if (stripped.length > 0)
      this.callerFields = { ...this.callerFields, dropped: [...this.callerFields.dropped, ...stripped] };
  }

  firstByte(): void {
    this.firstByteAfterMs = Math.max(1, this.elapsedMs());
  }

  /** The answer ended; what the meter read decides whether it ended well. */
  ended(
    reading: ResponseReading,
    how: 'complete' | 'cut' | 'client_aborted',
    statusSent: number | undefined,
  ): void {
    this.reading = reading;
    this.statusCode = statusSent ?? 0;
    this.endAfterMs = this.elapsedMs();
    if (how === 'client_aborted') this.#fail('caller.aborted', 'client_aborted');
    else if (reading.streamError) this.#fail('provider.stream_error', 'provider_error');
    else if (how === 'cut' || !this.#isWhole(reading)) this.#fail('provider.stream_cut', 'stream_cut');
  }

  /** Some providers leave a stream's end mark out: a finish reason shows that it was whole all the same. A document that
   * does not close is none, whatever it says before. */
  #isWhole({ endMarkSeen, finishReason }: ResponseReading): boolean {
    return endMarkSeen || (this.streaming && finishReason !== 'unspecified');
  }

  /** Something was thrown: reduces it to a closed code, notes it, and says what the caller is told. */
  failed(thrown: unknown, clientGone: boolean): Refusal {
    const refusal = refusalOf(thrown, clientGone);
    if (thrown instanceof ProviderFailedError) {
      if (thrown.stage === 'connect') this.point = 'connect';
      else this.cutInFlight = thrown.refusal.code === 'caller.aborted';
    }
    this.endAfterMs = this.elapsedMs();
    this.#fail(refusal.code, outcomeOf(refusal.code));
    return refusal;
  }

  /** The most that may be kept, as known when the head is sent. */
  retentionHeader(): 'none' | 'telemetry' | 'payload' {
    if (this.principal === undefined) return 'none';
    // An error answer as well: what was asked is kept under a grant whatever became of it.
    const granted = this.admitted?.kind === 'payload_granted' && this.captured !== undefined;
    return granted ? 'payload' : 'telemetry';
  }

  /** Names and values, in turn, of the headers that every answer carries. */
  answerHeaders(): string[] {
    const { attempt, callerFields } = this;
    const headers = [
      'x-lethe-provider',
      attempt?.provider.id ?? '',
      'x-lethe-request-id',
      this.requestId,
      'x-lethe-retention',
      this.retentionHeader(),
      'x-lethe-policy-version',
      String(this.policyVersion),
      'x-lethe-latency-ms',
      String(this.elapsedMs()),
      'cache-control',
      'no-store',
    ];
    if (attempt === undefined) headers.splice(0, 2);
    if (callerFields.dropped.length > 0) headers.push('x-lethe-dropped', callerFields.dropped.join(', '));
    return headers;
  }

  #fail(code: ErrorCode, outcome: Outcome): void {
    this.failure = { code, point: this.point, outcome };
    if (this.statusCode === 0) this.statusCode = errorCodes[code].status;
  }
}

const refusalOf = (thrown: unknown, clientGone: boolean): Refusal => {
  if (clientGone) return { code: 'caller.aborted', param: null, retryAfterSeconds: undefined };
  if (thrown instanceof ProviderFailedError) return thrown.refusal;
  if (thrown instanceof LetheError)
    return { code: thrown.code, param: thrown.param, retryAfterSeconds: undefined };
  return { code: 'gateway.internal', param: null, retryAfterSeconds: undefined };
};
