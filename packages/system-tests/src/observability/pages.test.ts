import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { isMetricName, metricDefinition } from '@lethe/contracts';
import { isForeign, labelsNamed, metricsNamed, readAlerts, runbookName } from './alert-rules.js';
import { logCalls, shippedSources } from './log-calls.js';
import { logPage } from './log-page.js';
import { metricsPage } from './metrics-page.js';

const root = join(import.meta.dirname, '../../../..');
const text = (path: string): string => readFileSync(join(root, path), 'utf8');
const alerts = readAlerts(text('deploy/alerts/lethe.rules.yml'));
const tested = text('deploy/alerts/lethe.rules.test.yml');
const calls = logCalls(shippedSources(root));
const events = new Set(calls.flatMap((call) => call.events));
const headings = ['What it means for customers', 'How to look', 'How to mend', 'Whom to wake'];

/** Metrics and label values of an expression that no app has. */
const strangers = (expression: string): string[] => [
  ...metricsNamed(expression).filter((name) => !isMetricName(name) && !isForeign(name)),
  ...labelsNamed(expression).flatMap(({ metric, label, values }) => {
    const rule = isMetricName(metric) ? metricDefinition(metric).labels?.[label] : undefined;
    if (rule === undefined) return isForeign(metric) || label === 'service' ? [] : [`${metric}{${label}}`];
    return 'boundedBy' in rule ? [] : values.filter((value) => !rule.includes(value));
  }),
];

describe('documents that are written by the code (else: npm run generate -w @lethe/system-tests)', () => {
  it('docs/metrics.md is what the catalog says', () => {
    expect(text('docs/metrics.md')).toBe(metricsPage());
  });

  it('docs/log-events.md is what the calls of the logger say', () => {
    expect(text('docs/log-events.md')).toBe(logPage(calls));
  });
});

describe('metrics in the code', () => {
  it('are made from the catalog alone', () => {
    const own = shippedSources(root).filter(
      ({ path, text: source }) =>
        /\bnew (?:Counter|Gauge|Histogram|Summary)\b/.test(source) &&
        path !== 'packages/service-kit/src/metrics/closed-metrics.ts' &&
        !path.startsWith('packages/system-tests/'),
    );
    expect(own.map(({ path }) => path)).toEqual([]);
  });
});

describe('log events', () => {
  it('are closed, and so are their fields, at every call', () => {
    expect(calls.length).toBeGreaterThan(50);
    expect(calls.filter(({ faults }) => faults.length > 0)).toEqual([]);
  });

  it.each([
    ['a name that is made of a value', 'log.info(`policy.$' + '{name}`)'],
    ['a name from elsewhere', 'log.warn(request.path)'],
    ['fields from elsewhere', "log.warn('policy.refused', facts)"],
    ['fields that are spread', "log.warn('policy.refused', { ...facts })"],
    ['a field whose name is made', "log.error('policy.failed', error, { [name]: 1 })"],
    ['a sentence', "log.info('Something was refused')"],
  ])('would be noticed: %s', (_what, line) => {
    const [call] = logCalls([{ path: 'apps/router/src/x.ts', text: line }]);
    expect(call?.faults).not.toEqual([]);
  });

  it('are found in each way that the code hands names over', () => {
    const found = (line: string) => logCalls([{ path: 'apps/router/src/x.ts', text: line }])[0];
    expect(found("this.#options.log.error('a.failed', error, { code })")).toMatchObject({
      ...{ level: 'error', events: ['a.failed'], fields: ['code'], faults: [] },
    });
    expect(
      found("startLoop({ event: 'sweep.turn' }); log.error(`$" + '{event}.failed`, error)')?.events,
    ).toEqual(['sweep.turn.failed']);
  });
});

describe('alerts', () => {
  it.each(alerts.map((each) => [each.alert, each] as const))(
    '%s names metrics that an app has',
    (_name, rule) => {
      expect(metricsNamed(rule.expression).length).toBeGreaterThan(0);
      expect(strangers(rule.expression)).toEqual([]);
    },
  );

  it.each(alerts.map((each) => [each.alert, each] as const))(
    '%s has its runbook, and fires in a test',
    (name, rule) => {
      expect(rule.severity).toMatch(/^(?:page|ticket)$/);
      expect(rule.runbook).toBe(`docs/runbooks/${runbookName(name)}.md`);
      expect(existsSync(join(root, rule.runbook))).toBe(true);
      const page = text(rule.runbook);
      expect(page.startsWith(`# ${name}\n`)).toBe(true);
      expect(page).toContain(`Severity: ${rule.severity}.`);
      for (const heading of headings) expect(page).toContain(`\n## ${heading}\n`);
      for (const query of page.matchAll(/^promtool query instant "\$PROMETHEUS" '(.+)'$/gm))
        expect(
          strangers((query[1] ?? '').replace(/\b(?:predict_linear|process_cpu_seconds_total\{[^}]*\})/g, '')),
        ).toEqual([]);
      for (const [, event = ''] of page.matchAll(/"event":"([^"]+)"/g)) expect([...events]).toContain(event);
      const cases = tested.split(/^ {6}- alertname: /m).filter((each) => each.startsWith(`${name}\n`));
      expect(cases.some((each) => each.includes('exp_alerts: []'))).toBe(true);
      expect(cases.some((each) => each.includes('exp_labels:'))).toBe(true);
    },
  );

  it('would be noticed: a metric, a label or a value that no app has', () => {
    expect(strangers('sum(increase(lethe_router_unpriced_total[1h])) > 0')).toEqual([]);
    expect(strangers('sum(increase(lethe_router_gone_total[1h])) > 0')).toEqual(['lethe_router_gone_total']);
    expect(strangers('lethe_admin_leases_total{fact="lost"} > 0')).toEqual(['lost']);
    expect(strangers('lethe_admin_leases_total{model="a"} > 0')).toEqual(['lethe_admin_leases_total{model}']);
  });
});
