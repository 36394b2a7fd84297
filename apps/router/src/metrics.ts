import { type Outcome, outcomes } from '@lethe/contracts';
import { createMetrics, type Registry } from '@lethe/service-kit';
import { Counter, Gauge } from 'prom-client';
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
}

const none = Object.fromEntries(outcomes.map((outcome) => [outcome, 0])) as Record<Outcome, number>;

export const createRouterMetrics = (observed: Observed): RouterMetrics => {
  const registry = createMetrics('router');
  const registers = [registry];
  const uncollected = { ...none };
  new Counter({
    name: 'lethe_router_requests_total',
    help: 'Requests by outcome',
    labelNames: ['outcome'],
    registers,
    // Looking a label up costs more than counting: done when somebody asks.
    collect() {
      for (const outcome of outcomes) this.inc({ outcome }, uncollected[outcome]);
      Object.assign(uncollected, none);
    },
  });
  const unpriced = new Counter({
    name: 'lethe_router_unpriced_total',
    help: 'Answers of models without a price',
    registers,
  });
  const unrouted = new Counter({
    name: 'lethe_router_unrouted_total',
    help: 'Requests that reached no route',
    registers,
  });
  /** `aggregator`: what the workers of one router show together. */
  const gauge = (
    name: string,
    help: string,
    read: () => number,
    aggregator: 'sum' | 'min' | 'max' = 'sum',
  ): void => {
    new Gauge({
      name,
      help,
      aggregator,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  gauge(
    'lethe_router_telemetry_waiting',
    'Telemetry records waiting for the event log',
    () => observed.telemetry.depth,
  );
  gauge(
    'lethe_router_telemetry_fill_ratio',
    'Share of the telemetry queue in use',
    () => observed.telemetry.fill,
    'max',
  );
  gauge(
    'lethe_router_telemetry_lost_total',
    'Telemetry records lost because the queue was full',
    () => observed.telemetry.recordsLost,
  );
  gauge(
    'lethe_router_telemetry_stored_total',
    'Telemetry records acknowledged by the event log',
    () => observed.telemetry.recordsStored,
  );
  gauge('lethe_router_payload_waiting', 'Sealed payloads waiting', () => observed.payload.depth);
  gauge('lethe_router_payload_dropped_total', 'Sealed payloads dropped', () => observed.payload.dropped);
  gauge(
    'lethe_router_payload_revoked_total',
    'Sealed payloads revoked by policy before they left',
    () => observed.payload.revoked,
  );
  gauge('lethe_router_raw_requests_waiting', 'Raw requests on their way', () => observed.uploads?.depth ?? 0);
  gauge(
    'lethe_router_raw_requests_stored_total',
    'Raw requests acknowledged by the object store',
    () => observed.uploads?.stored ?? 0,
  );
  gauge(
    'lethe_router_raw_requests_not_stored_total',
    'Raw requests that were sealed and not stored',
    () => observed.uploads?.notStored ?? 0,
  );
  gauge(
    'lethe_router_policy_version',
    'Version of the policy snapshot',
    () => Number(observed.policy.version),
    'min',
  );
  gauge(
    'lethe_router_gate_open',
    '1 while payload may be captured at all',
    () => (observed.policy.gate.open() ? 1 : 0),
    'min',
  );
  return {
    registry,
    countRequest: (outcome) => {
      uncollected[outcome] += 1;
    },
    countUnpriced: () => unpriced.inc(),
    countUnrouted: () => unrouted.inc(),
  };
};
