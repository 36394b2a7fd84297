import { describe, expect, it } from '@jest/globals';
import { metricsByApp } from './catalog.js';
import type { MetricDefinition } from './definition.js';

const prefixes: Readonly<Record<keyof typeof metricsByApp, string>> = {
  router: 'lethe_router_',
  'admin-config': 'lethe_admin_',
  accounting: 'lethe_accounting_',
  audit: 'lethe_audit_',
  every: 'lethe_',
};
const units = /_(?:seconds|bytes|ratio|records|events|rows|organizations|streams|workers|version)$/;
/** Words that are other units than Prometheus asks for, or the type, which the type says. */
const unwanted =
  /_(?:ms|millis|milliseconds|minutes|kb|mb|percent|permille|counter|gauge|count|sum|bucket)(?:_|$)/;

/** What is wrong with one metric's name, type and labels. */
const faults = (prefix: string, name: string, { type, help, labels = {} }: MetricDefinition): string[] => {
  const found: string[] = [];
  if (!/^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/.test(name)) found.push('spelling');
  if (!name.startsWith(prefix)) found.push('prefix');
  if ((type === 'counter') !== name.endsWith('_total')) found.push('_total');
  if (unwanted.test(name)) found.push('unit');
  if (!/^[A-Z0-9].*\.$/.test(help) || help.includes('\n')) found.push('help');
  for (const [label, rule] of Object.entries(labels)) {
    if (!/^[a-z]+$/.test(label) || ['le', 'quantile', 'service', 'instance', 'job'].includes(label))
      found.push('label');
    if ('boundedBy' in rule) {
      // No caller, key, model, organization or route: only what whoever runs the deployment has set.
      if (!['worker', 'witness'].includes(label)) found.push('unbounded');
    } else if (rule.length === 0 || rule.length > 64 || new Set(rule).size !== rule.length)
      found.push('values');
    else if (!rule.every((value) => /^[A-Za-z0-9._:+-]{1,64}$/.test(value))) found.push('value');
  }
  return found;
};

const all = Object.entries(metricsByApp).flatMap(([app, metrics]) =>
  Object.entries(metrics as Readonly<Record<string, MetricDefinition>>).map(
    ([name, metric]) => [name, app as keyof typeof metricsByApp, metric] as const,
  ),
);

describe('the catalog of metrics', () => {
  it.each(all)('%s has a name after the conventions, and labels of closed or bounded values', (...each) => {
    const [name, app, metric] = each;
    expect(faults(prefixes[app], name, metric)).toEqual([]);
  });

  it('gives no name to two things', () => {
    const names = all.map(([name]) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('has a unit in most gauges, and says 0 or 1 in the help of the others', () => {
    const without = all.filter(([name, , { type }]) => type === 'gauge' && !units.test(name));
    expect(without.map(([name]) => name).sort()).toEqual([
      'lethe_accounting_consumer_working',
      'lethe_admin_zdr_guard',
      'lethe_admin_zdr_pending',
      'lethe_audit_fork_guard',
      'lethe_ready',
      'lethe_router_forget_keeps_up',
      'lethe_router_gate_open',
      'lethe_router_payload_waiting',
      'lethe_router_policy_usable',
      'lethe_router_raw_requests_waiting',
      'lethe_router_telemetry_waiting',
      'lethe_router_workers_ready',
    ]);
  });

  it('would be noticed: each fault is found', () => {
    const good: MetricDefinition = { type: 'gauge', help: 'Something.' };
    const found = (name: string, metric: Partial<MetricDefinition> = {}): string[] =>
      faults('lethe_x_', name, { ...good, ...metric });
    expect(found('lethe_x_age_seconds')).toEqual([]);
    expect(found('lethe_x_ageSeconds')).toEqual(['spelling']);
    expect(found('lethe_y_age_seconds')).toEqual(['prefix']);
    expect(found('lethe_x_things_total')).toEqual(['_total']);
    expect(found('lethe_x_things', { type: 'counter' })).toEqual(['_total']);
    expect(found('lethe_x_age_ms')).toEqual(['unit']);
    expect(found('lethe_x_age_seconds', { help: 'no sentence' })).toEqual(['help']);
    expect(found('lethe_x_age_seconds', { labels: { service: ['a'] } })).toEqual(['label']);
    expect(found('lethe_x_age_seconds', { labels: { model: { boundedBy: 'models' } } })).toEqual([
      'unbounded',
    ]);
    expect(found('lethe_x_age_seconds', { labels: { code: [] } })).toEqual(['values']);
    expect(found('lethe_x_age_seconds', { labels: { code: ['some text'] } })).toEqual(['value']);
  });
});
