/** One alert as its file says it. */
export interface AlertRule {
  readonly alert: string;
  readonly expression: string;
  readonly runbook: string;
  readonly severity: string;
}

/** Metrics that others show: Prometheus itself, and its node exporter. */
const foreign = new Set(['up', 'node_filesystem_avail_bytes', 'node_filesystem_size_bytes']);
const words = new Set(
  'sum min max by without increase rate time and or unless on ignoring bool offset'.split(' '),
);

/** The alerts of a file in the form that this repository writes; promtool checks that it is a file of rules. */
export const readAlerts = (text: string): AlertRule[] =>
  text
    .split(/^ {6}- alert: /m)
    .slice(1)
    .map((block) => ({
      alert: block.slice(0, block.indexOf('\n')).trim(),
      expression: /^ {8}expr: (.+)$/m.exec(block)?.[1] ?? '',
      runbook: /^ {10}runbook_url: (.+)$/m.exec(block)?.[1] ?? '',
      severity: /^ {8}labels: \{ severity: (\w+) \}$/m.exec(block)?.[1] ?? '',
    }));

/** The metrics that an expression names, without its labels, their values and the language's own words. */
export const metricsNamed = (expression: string): string[] => {
  const bare = expression
    .replace(/\{[^}]*\}/g, ' ')
    .replace(/\b(?:by|without|on|ignoring) ?\([^)]*\)/g, ' ')
    .replace(/\[[^\]]*\]/g, ' ');
  return [...new Set(bare.match(/\b[a-z_][a-z0-9_]*\b/gi) ?? [])].filter((word) => !words.has(word));
};

/** The labels that an expression asks for, with their values; several for a pattern. */
export const labelsNamed = (expression: string): { metric: string; label: string; values: string[] }[] =>
  [...expression.matchAll(/([a-z_][a-z0-9_]*)\{([^}]*)\}/g)].flatMap(([, metric = '', inside = '']) =>
    [...inside.matchAll(/(\w+)\s*[=!]~?\s*"([^"]*)"/g)].map(([, label = '', value = '']) => ({
      metric,
      label,
      values: value.split('|'),
    })),
  );

export const isForeign = (metric: string): boolean => foreign.has(metric);

/** LetheBillingLag -> billing-lag. */
export const runbookName = (alert: string): string =>
  alert
    .replace(/^Lethe/, '')
    .replace(/(?<!^)([A-Z])/g, '-$1')
    .toLowerCase();
