import { LetheError } from '@lethe/service-kit';
import type { Admitted, Answered } from './admitted.js';
import type { Course } from './course.js';
import { classifyRefusal } from './dialects/classify-refusal.js';
import { forwardedHeaders } from './dialects/forwarded-headers.js';
import { type PlannedEdits, planEdits } from './dialects/request-edits.js';
import type { House } from './house.js';
import type { ClientConnection } from './http/client-connection.js';
import { splice } from './http/splice.js';
import type { UpstreamResponse } from './providers/types.js';
import type { CallOptions, PreparedAttempt, ProviderRefusal } from './routing/call-with-fallback.js';
import type { FallbackPlan, PlannedAttempt } from './routing/resolve-plan.js';

/** The provider call of one request, as callWithFallback asks for it. */
export class ProviderCall implements CallOptions {
  readonly client: CallOptions['client'];
  readonly plan: FallbackPlan;
  readonly streaming: boolean;
  readonly triesPerAccountMax: number;
  readonly retryWaitMs: number;
  readonly onAbort: CallOptions['onAbort'];
  #planned: PlannedEdits | undefined;
  #dropped: readonly string[] = [];

  constructor(
    private readonly house: House,
    private readonly course: Course,
    private readonly admitted: Admitted,
    private readonly caller: ClientConnection,
  ) {
    this.client = house.client;
    this.plan = admitted.plan;
    this.streaming = course.streaming;
    this.triesPerAccountMax = house.settings.triesPerAccountMax;
    this.retryWaitMs = house.settings.retryWaitMs;
    this.onAbort = caller.onGone;
  }

  prepare(attempt: PlannedAttempt): PreparedAttempt {
    const { course, admitted } = this;
    const { policy } = this.house;
    const { face } = admitted.served;
    // Retries take time in which the key may be revoked or ZDR enabled: ask anew.
    course.point = 'policy';
    const key = policy.apiKey(admitted.principal.keySha256Hex);
    if (key === undefined) throw new LetheError('caller.invalid_api_key');
    const zdr = admitted.strict || (policy.organization(key.orgId)?.zdr ?? true);
    this.#planned = planEdits({
      face,
      body: admitted.body,
      upstreamModelJson: attempt.upstreamModelJson,
      streaming: course.streaming,
      zdr,
      reasons: attempt.model.supports.reasoning,
      accepts: attempt.provider.accepts,
    });
    const { headers, dropped } = forwardedHeaders(face, admitted.rawHeaders, zdr);
    this.#dropped = dropped;
    course.point = 'await_head';
    const target = headers.length === 0 ? attempt.target : { ...attempt.target, headers };
    return { target, body: splice(admitted.body, this.#planned.edits) };
  }

  classify(response: UpstreamResponse): Promise<ProviderRefusal> {
    const { fieldNames } = this.admitted.served;
    return classifyRefusal(response, fieldNames, this.house.settings.providerErrorBytesMax);
  }

  onAttempt(attempt: PlannedAttempt, fallbackIndex: number): void {
    this.course.attempting(attempt, fallbackIndex);
  }

  aborted(): boolean {
    return this.caller.gone;
  }

  answeredBy(upstream: UpstreamResponse): Answered {
    const stripped = this.#planned?.stripped ?? [];
    this.course.answering(
      upstream.status,
      this.#dropped.length === 0 ? stripped : [...stripped, ...this.#dropped],
    );
    return { upstream, removeUsageEvent: this.#planned?.removeUsageEvent ?? false };
  }
}
