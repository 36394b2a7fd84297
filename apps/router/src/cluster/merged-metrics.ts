import { AggregatorRegistry } from 'prom-client';
import type { Figure } from './figures.js';

const helpOf: Readonly<Record<Figure['aggregator'], string>> = {
  sum: 'Sum over the workers',
  average: 'Mean of the workers',
  min: 'Smallest of the workers',
  max: 'Largest of the workers',
  first: 'Of one worker',
  omit: 'Of no worker',
};

/** The figures of several processes as one page in Prometheus' text form, each metric merged as it asks to be. */
export const mergedMetrics = (sources: readonly (readonly Figure[])[]): Promise<string> =>
  AggregatorRegistry.aggregate(
    sources.map((figures) => figures.map((each) => ({ ...each, help: helpOf[each.aggregator] }))),
  ).metrics();
