import { describe, expect, it } from '@jest/globals';
import { createMetrics } from '../process/metrics.js';
import { counterOf, gaugeOf, readMetric } from './closed-metrics.js';

/** The lines of one metric, without the label that every line has. */
const linesOf = async (registry: ReturnType<typeof createMetrics>, name: string): Promise<string[]> =>
  (await registry.metrics())
    .split('\n')
    .filter((line) => line.startsWith(name))
    .map((line) => line.replace(/,?service="[a-z-]+"/, '').replace('{}', ''));

describe('metrics of the catalog', () => {
  it('show 0 for every value a label may have, before anything happened', async () => {
    const registry = createMetrics('accounting');
    counterOf(registry, 'lethe_accounting_telemetry_rows_total').inc({ result: 'duplicate' }, 2);
    expect(await linesOf(registry, 'lethe_accounting_telemetry_rows_total')).toEqual([
      'lethe_accounting_telemetry_rows_total{result="inserted"} 0',
      'lethe_accounting_telemetry_rows_total{result="duplicate"} 2',
    ]);
  });

  it('never show a value that is not listed: it is other, or not counted', async () => {
    const registry = createMetrics('audit');
    const refused = counterOf(registry, 'lethe_audit_append_refused_total');
    refused.inc({ reason: 'Dear Sir, this is a prompt' });
    const rows = counterOf(registry, 'lethe_accounting_telemetry_rows_total');
    rows.inc({ result: 'sk-live-key' as 'inserted' });
    rows.inc({ result: 'inserted', model: 'gpt' } as { result: 'inserted' });
    const page = await registry.metrics();
    expect(page).not.toMatch(/Dear|sk-live|gpt/);
    expect(page).toMatch(/lethe_audit_append_refused_total\{reason="other",[^}]*\} 1/);
    expect(page).toMatch(/lethe_accounting_telemetry_rows_total\{result="inserted",[^}]*\} 0/);
  });

  it('take what a deployment bounds as it comes', async () => {
    const registry = createMetrics('audit');
    const lag = gaugeOf(registry, 'lethe_audit_witness_lag_events');
    lag.set({ witness: 'witness.example/one' }, 3);
    gaugeOf(registry, 'lethe_audit_fork_guard').set(1);
    expect(await linesOf(registry, 'lethe_audit_witness_lag_events')).toEqual([
      'lethe_audit_witness_lag_events{witness="witness.example/one"} 3',
    ]);
    expect(await linesOf(registry, 'lethe_audit_fork_guard')).toEqual(['lethe_audit_fork_guard 1']);
  });
});

describe('a metric that is read when somebody asks', () => {
  it('shows what is so at that moment, a counter as well', async () => {
    const registry = createMetrics('router');
    let lost = 3;
    readMetric(registry, 'lethe_router_telemetry_lost_total', () => lost);
    readMetric(registry, 'lethe_router_telemetry_fill_ratio', () => Promise.resolve(lost / 10));
    expect(await linesOf(registry, 'lethe_router_telemetry_lost')).toEqual([
      'lethe_router_telemetry_lost_total 3',
    ]);
    lost = 4;
    expect(await linesOf(registry, 'lethe_router_telemetry')).toEqual([
      'lethe_router_telemetry_lost_total 4',
      'lethe_router_telemetry_fill_ratio 0.4',
    ]);
    expect(await registry.metrics()).toContain('# TYPE lethe_router_telemetry_lost_total counter');
  });

  it('is whole when two ask at once', async () => {
    const registry = createMetrics('admin-config');
    readMetric(registry, 'lethe_admin_outbox_rows', async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return [[{ destination: 'audit' }, 1] as const, [{ destination: 'accounting' }, 2] as const];
    });
    const pages = await Promise.all([1, 2].map(() => linesOf(registry, 'lethe_admin_outbox_rows')));
    for (const page of pages) expect(page).toHaveLength(2);
  });

  it('shows nothing old when it cannot be read', async () => {
    const registry = createMetrics('admin-config');
    let read = (): Promise<number> => Promise.resolve(7);
    readMetric(registry, 'lethe_admin_zdr_rolled_back_organizations', () => read());
    const lines = () => linesOf(registry, 'lethe_admin_zdr_rolled_back_organizations');
    expect(await lines()).toEqual(['lethe_admin_zdr_rolled_back_organizations 7']);
    read = () => Promise.reject(new Error('the database is away'));
    expect(await lines()).toEqual([]);
    read = () => Promise.resolve(0);
    expect(await lines()).toEqual(['lethe_admin_zdr_rolled_back_organizations 0']);
  });
});
