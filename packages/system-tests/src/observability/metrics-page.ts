import { type LabelRule, type MetricDefinition, metricsByApp } from '@lethe/contracts';

const titles: Readonly<Record<keyof typeof metricsByApp, string>> = {
  every: 'Every service',
  router: 'Router',
  'admin-config': 'Admin-config',
  accounting: 'Accounting',
  audit: 'Audit',
};

const code = (text: string): string => `\`${text}\``;

const valuesOf = (rule: LabelRule): string =>
  'boundedBy' in rule ? `bounded by ${rule.boundedBy}` : rule.map(code).join(', ');

const labelsOf = ({ labels = {} }: MetricDefinition): string =>
  Object.entries(labels)
    .map(([label, rule]) => `${code(label)}: ${valuesOf(rule)}`)
    .join('; ');

const helpOf = ({ help, ofWorkers }: MetricDefinition): string =>
  ofWorkers === undefined
    ? help
    : `${help} Of several workers the ${ofWorkers === 'min' ? 'smallest' : 'largest'}.`;

const section = (app: keyof typeof metricsByApp): string => {
  const rows = Object.entries(metricsByApp[app] as Readonly<Record<string, MetricDefinition>>).map(
    ([name, metric]) => `| ${code(name)} | ${metric.type} | ${labelsOf(metric)} | ${helpOf(metric)} |`,
  );
  return [
    `## ${titles[app]}`,
    '',
    '| Metric | Type | Labels | What it is |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
};

const intro = `# Metrics

Written by \`npm run generate -w @lethe/system-tests\` from \`packages/contracts/src/metrics\`; a test holds the two equal. A metric that is
not in that catalog cannot be made, and a label shows no value that is not listed here: what else comes is \`other\`, or is not
counted. No label holds a key, a model, an organization or anything else that a caller wrote.

Each service shows its metrics at \`GET /metrics\` of its REST port, the router at its operator port, with the label \`service\`. Beside them
are those of the process and of Node (\`process_*\`, \`nodejs_*\`), as the package prom-client names them. Counters show 0 before anything
happened, so that the first event is an increase. A router with several workers shows their sum, where no other is named.

How full a disk is, no service of Lethe knows: that is the business of Prometheus' node exporter on the hosts of Kafka, Postgres and the
object store. The alerts are in \`deploy/alerts/lethe.rules.yml\`, each with a page in \`docs/runbooks\`.`;

/** docs/metrics.md, as the catalog of metrics says it. */
export const metricsPage = (): string =>
  `${[intro, ...(Object.keys(titles) as (keyof typeof metricsByApp)[]).map(section)].join('\n\n')}\n`;
