import { counted, type DoctorItem, type Finding } from './findings.js';
import { daysLeftMin } from './secrets.js';

interface Figure {
  readonly metric: string;
  readonly item: DoctorItem;
  readonly isWrong: (value: number, nowMs: number) => boolean;
  readonly words: (value: number, nowMs: number) => string;
}

const waitsMaxSeconds = 120;
const checkpointMaxSeconds = 7_200;
const dayMs = 86_400_000;
const daysLeft = (value: number, nowMs: number): number => Math.floor((value * 1000 - nowMs) / dayMs);
const above = (limit: number) => (value: number) => value > limit;
const said = (words: string) => () => words;

const figures: readonly Figure[] = [
  {
    metric: 'lethe_admin_zdr_guard',
    item: 'zdr_guard',
    isWrong: above(0),
    words: said('grants no lease: something knows more of ZDR than its database'),
  },
  {
    metric: 'lethe_admin_zdr_pending',
    item: 'zdr_pending',
    isWrong: above(0),
    words: (value) =>
      `waits for ${counted(value, 'organization', 'organizations')} whose ZDR is not effective yet`,
  },
  {
    metric: 'lethe_audit_fork_guard',
    item: 'fork_guard',
    isWrong: above(0),
    words: said('signs nothing: its database contradicts its anchors'),
  },
  {
    metric: 'lethe_audit_checkpoint_age_seconds',
    item: 'checkpoint_old',
    isWrong: above(checkpointMaxSeconds),
    words: (value) => `signed its newest checkpoint ${Math.round(value / 3600)} hours ago`,
  },
  ...['lethe_admin_outbox_age_seconds', 'lethe_accounting_outbox_age_seconds'].map(
    (metric): Figure => ({
      metric,
      item: 'outbox_old',
      isWrong: above(waitsMaxSeconds),
      words: (value) => `has events that wait for ${Math.round(value)} s`,
    }),
  ),
  {
    metric: 'lethe_admin_outbox_refused_rows',
    item: 'outbox_refused',
    isWrong: above(0),
    words: (value) => `keeps ${counted(value, 'call', 'calls')} that a neighbour refused for ever`,
  },
  {
    metric: 'lethe_accounting_consumer_working',
    item: 'consumer_stopped',
    isWrong: (value) => value < 1,
    words: said('does not read the event log'),
  },
  {
    metric: 'lethe_accounting_consumer_lag_seconds',
    item: 'billing_lag',
    isWrong: above(waitsMaxSeconds),
    words: (value) => `is ${Math.round(value)} s behind the event log`,
  },
  {
    metric: 'lethe_accounting_tripwire_total',
    item: 'tripwire',
    isWrong: above(0),
    words: (value) =>
      `has been sent ${counted(value, 'record', 'records')} since its start that no router should send`,
  },
  {
    metric: 'lethe_router_gate_open',
    item: 'gate_closed',
    isWrong: (value) => value < 1,
    words: said('has no lease'),
  },
  {
    metric: 'lethe_router_telemetry_fill_ratio',
    item: 'router_buffer',
    isWrong: above(0.5),
    words: (value) => `has filled ${Math.round(value * 100)} % of its buffer of telemetry`,
  },
  {
    metric: 'lethe_certificate_expiry_timestamp_seconds',
    item: 'certificate_ends_soon',
    isWrong: (value, nowMs) => daysLeft(value, nowMs) < daysLeftMin,
    words: (value, nowMs) => {
      const days = daysLeft(value, nowMs);
      return days < 0
        ? 'uses a certificate that has ended'
        : `uses a certificate that ends in ${counted(days, 'day', 'days')}`;
    },
  },
];

/** The values of one metric, whatever its labels. */
const valuesOf = (page: string, metric: string): number[] =>
  page
    .split('\n')
    .filter((line) => line.startsWith(`${metric} `) || line.startsWith(`${metric}{`))
    .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)))
    .filter((value) => !Number.isNaN(value));

/** What a service's own figures say is wrong with it; the worst of each. */
export const figureFindings = (page: string, where: string, nowMs: number): Finding[] =>
  figures.flatMap(({ metric, item, isWrong, words }) => {
    const wrong = valuesOf(page, metric).filter((value) => isWrong(value, nowMs));
    const [worst] = wrong.sort((one, other) => other - one);
    return worst === undefined ? [] : [{ item, where, words: words(worst, nowMs) }];
  });
