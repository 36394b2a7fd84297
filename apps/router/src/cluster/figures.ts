import type { Registry } from '@lethe/service-kit';
import { z } from 'zod';

const figureName = z.string().regex(/^[A-Za-z_:][A-Za-z0-9_:]{0,99}$/);
const label = z.union([z.string().regex(/^[A-Za-z0-9._:+-]{0,64}$/), z.number()]);
const sample = z.object({
  metricName: figureName.optional(),
  labels: z.partialRecord(figureName, label),
  value: z.number(),
});

/** One metric of a worker as it crosses to the primary: names and labels of closed form, and numbers. */
const figure = z.object({
  name: figureName,
  type: z.enum(['counter', 'gauge', 'histogram', 'summary']),
  aggregator: z.enum(['sum', 'first', 'omit', 'average', 'min', 'max']),
  values: z.array(sample).max(1000),
});

export const figuresSchema = z.array(figure).max(500);
export type Figure = z.infer<typeof figure>;
type Sample = z.infer<typeof sample>;

/** The figures of a registry. What is no number, or has no closed form, is left out. */
export const figuresOf = async (registry: Registry): Promise<Figure[]> => {
  const metrics: readonly { readonly values?: readonly Sample[] }[] = await registry.getMetricsAsJSON();
  return metrics.flatMap((metric) => {
    const values = (metric.values ?? []).filter(({ value }) => Number.isFinite(value));
    const read = figure.safeParse({ ...metric, values });
    return read.success ? [read.data] : [];
  });
};

/** The sum of all values of one metric; 0 when it is not there. */
export const sumOf = (figures: readonly Figure[], name: string): number =>
  figures
    .filter((each) => each.name === name)
    .flatMap(({ values }) => values)
    .reduce((sum, { value }) => sum + value, 0);

const keyOf = ({ metricName = '', labels }: Sample): string =>
  JSON.stringify([metricName, ...Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))]);

const addUp = (all: readonly Sample[]): Sample[] => {
  const sums = new Map<string, Sample>();
  for (const each of all) {
    const key = keyOf(each);
    sums.set(key, { ...each, value: (sums.get(key)?.value ?? 0) + each.value });
  }
  return [...sums.values()];
};

/** What only ever grows in one process, and must not shrink when that process is replaced. */
const counts = ({ name, type }: Figure): boolean => type !== 'gauge' || name.endsWith('_total');

/**
 * The counts of workers that are gone, as they were last seen: without them a sum over the workers would fall with
 * every crash, and whoever watches it would take that for a restart of all.
 */
export class DepartedCounts {
  #figures: readonly Figure[] = [];

  get figures(): readonly Figure[] {
    return this.#figures;
  }

  add(last: readonly Figure[]): void {
    const byName = new Map<string, Figure>();
    for (const each of [...this.#figures, ...last.filter(counts)]) {
      const before = byName.get(each.name)?.values ?? [];
      byName.set(each.name, { ...each, values: addUp([...before, ...each.values]) });
    }
    this.#figures = [...byName.values()];
  }
}
