import { type Outcome, outcomes } from '@lethe/contracts';
import { counterOf, createMetrics, type Registry, readMetric } from '@lethe/service-kit';
import type { Policy } from './policy/types.js';
import type { PayloadPublisher } from './publish/payload-publisher.js';
import type { TelemetryPublisher } from './publish/telemetry-publisher.js';
import type { ObjectUploads } from './raw-request/object-uploads.js';

/** The router's own figures. Labels come from closed sets; no caller value is ever one. */
export interface RouterMetrics {
  readonly registry: Registry;
  /** Counts one request by its outcome. */
  countRequest(outcome: Outcome): void;
  /** A model without a price answered: an alarm, never a silent zero. */
  countUnpriced(): void;
  /** A connection or request that never reached a route. */
  countUnrouted(): void;
}

interface Observed {
  readonly policy: Policy;
  readonly telemetry: TelemetryPublisher;
  readonly payload: PayloadPublisher;
  readonly uploads?: ObjectUploads | undefined;
  /** What the lease protocol has counted so far. */
  readonly leases?: (() => { readonly leaseLapses: number; readonly zdrRegressions: number }) | undefined;
}

const none = Object.fromEntries(outcomes.map((outcome) => [outcome, 0])) as Record<Outcome, number>;

const observe = (registry: Registry, { policy, telemetry, payload, uploads, leases }: Observed): void => {
  readMetric(registry, 'lethe_router_telemetry_waiting', () => telemetry.depth);
  readMetric(registry, 'lethe_router_telemetry_fill_ratio', () => telemetry.fill);
  readMetric(registry, 'lethe_router_telemetry_lost_total', () => telemetry.recordsLost);
  readMetric(registry, 'lethe_router_telemetry_stored_total', () => telemetry.recordsStored);
  readMetric(registry, 'lethe_router_payload_waiting', () => payload.depth);
  readMetric(registry, 'lethe_router_payload_dropped_total', () => payload.dropped);
  readMetric(registry, 'lethe_router_payload_revoked_total', () => payload.revoked);
  readMetric(registry, 'lethe_router_raw_requests_waiting', () => uploads?.depth ?? 0);
  readMetric(registry, 'lethe_router_raw_requests_stored_total', () => uploads?.stored ?? 0);
  readMetric(registry, 'lethe_router_raw_requests_not_stored_total', () => uploads?.notStored ?? 0);
  readMetric(registry, 'lethe_router_policy_version', () => Number(policy.version));
  readMetric(registry, 'lethe_router_policy_usable', () => (policy.usable() ? 1 : 0));
  readMetric(registry, 'lethe_router_gate_open', () => (policy.gate.open() ? 1 : 0));
  readMetric(registry, 'lethe_router_lease_lapses_total', () => leases?.().leaseLapses ?? 0);
  readMetric(registry, 'lethe_router_zdr_regressions_total', () => leases?.().zdrRegressions ?? 0);
};

export const createRouterMetrics = (observed: Observed): RouterMetrics => {
  const registry = createMetrics('router');
  const counted = { ...none };
  // Looking a label up costs more than counting: done when somebody asks.
  readMetric(registry, 'lethe_router_requests_total', () =>
    outcomes.map((outcome) => [{ outcome }, counted[outcome]] as const),
  );
  const unpriced = counterOf(registry, 'lethe_router_unpriced_total');
  const unrouted = counterOf(registry, 'lethe_router_unrouted_total');
  observe(registry, observed);
  return {
    registry,
    countRequest: (outcome) => {
      counted[outcome] += 1;
    },
    countUnpriced: () => unpriced.inc(),
    countUnrouted: () => unrouted.inc(),
  };
};
