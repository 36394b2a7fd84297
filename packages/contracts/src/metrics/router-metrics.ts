import { outcomes } from '../telemetry/enums.js';
import type { MetricDefinitions } from './definition.js';

const worker = { boundedBy: 'the number of workers of a router, counted from 0' };

export const routerMetrics = {
  lethe_router_requests_total: {
    type: 'counter',
    help: 'Requests that reached a route, by outcome.',
    labels: { outcome: outcomes },
  },
  lethe_router_unpriced_total: {
    type: 'counter',
    help: 'Answers of models without a price: their telemetry says so, and they cost nothing until they have one.',
  },
  lethe_router_unrouted_total: {
    type: 'counter',
    help: 'Connections and requests that reached no route.',
  },
  lethe_router_telemetry_waiting: {
    type: 'gauge',
    help: 'Telemetry records that the event log has not acknowledged.',
  },
  lethe_router_telemetry_fill_ratio: {
    type: 'gauge',
    help: 'Share of the telemetry buffer in use, 0 to 1. From 0.95 on new requests are refused with gateway.overloaded.',
    ofWorkers: 'max',
  },
  lethe_router_telemetry_lost_total: {
    type: 'counter',
    help: 'Telemetry records that found no room: requests that were served and will not be billed.',
  },
  lethe_router_telemetry_stored_total: {
    type: 'counter',
    help: 'Telemetry records that the event log acknowledged.',
  },
  lethe_router_payload_waiting: {
    type: 'gauge',
    help: 'Sealed payloads that wait to be sent.',
  },
  lethe_router_payload_dropped_total: {
    type: 'counter',
    help: 'Sealed payloads that were given up: the log was away, or telemetry needed the room.',
  },
  lethe_router_payload_revoked_total: {
    type: 'counter',
    help: 'Sealed payloads that policy took back before they left.',
  },
  lethe_router_raw_requests_waiting: {
    type: 'gauge',
    help: 'Sealed request bodies on their way to the object store.',
  },
  lethe_router_raw_requests_stored_total: {
    type: 'counter',
    help: 'Sealed request bodies that the object store acknowledged.',
  },
  lethe_router_raw_requests_not_stored_total: {
    type: 'counter',
    help: 'Request bodies that were sealed and not stored.',
  },
  lethe_router_policy_version: {
    type: 'gauge',
    help: 'Version of the policy that the router obeys; 0: it never had one.',
    ofWorkers: 'min',
  },
  lethe_router_policy_usable: {
    type: 'gauge',
    help: '0 while requests are refused with gateway.not_ready: no policy, or admin-config was away for too long.',
    ofWorkers: 'min',
  },
  lethe_router_gate_open: {
    type: 'gauge',
    help: '1 while payload may be captured at all: there is a lease, and the policy has no gap.',
    ofWorkers: 'min',
  },
  lethe_router_lease_lapses_total: {
    type: 'counter',
    help: 'Leases that ran out before they were renewed.',
  },
  lethe_router_zdr_regressions_total: {
    type: 'counter',
    help: 'Policies that were refused because they forgot Zero Data Retention of an organization.',
  },
  lethe_router_forget_rounds_total: {
    type: 'counter',
    help: 'Rounds of overwriting memory that held content.',
  },
  lethe_router_forget_failures_total: {
    type: 'counter',
    help: 'Rounds of overwriting that failed.',
  },
  lethe_router_forget_keeps_up: {
    type: 'gauge',
    help: '0 while content may be left in memory for more than 5 s after its request; the router is not ready then.',
    ofWorkers: 'min',
  },
  lethe_router_workers: {
    type: 'gauge',
    help: 'Workers that the router was told to run. Only of a router with more than one.',
  },
  lethe_router_workers_ready: {
    type: 'gauge',
    help: 'Workers that serve.',
  },
  lethe_router_worker_replaced_total: {
    type: 'counter',
    help: 'Workers that ended by themselves and were replaced.',
    labels: { worker },
  },
  lethe_router_worker_requests_total: {
    type: 'counter',
    help: 'Requests that the worker in this place has served since it was started.',
    labels: { worker },
  },
} as const satisfies MetricDefinitions;
