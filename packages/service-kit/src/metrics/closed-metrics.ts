import { type MetricLabels, type MetricName, type MetricNameOf, metricDefinition } from '@lethe/contracts';
import { type Aggregator, Counter, Gauge, type Registry } from 'prom-client';

type Labels = Readonly<Record<string, string | number>>;
type WithLabels<N extends MetricName, Then extends unknown[]> = MetricLabels<N> extends undefined
  ? Then
  : [labels: MetricLabels<N>, ...Then];

/** A count that only grows. Its labels are those that the catalog of metrics names, with the values it lists. */
export interface CounterOf<N extends MetricNameOf<'counter'>> {
  inc(...labelsAndBy: WithLabels<N, [by?: number]>): void;
}

/** A figure that goes up and down. */
export interface GaugeOf<N extends MetricNameOf<'gauge'>> {
  set(...labelsAndValue: WithLabels<N, [value: number]>): void;
}

/** Labels as they may be shown: what its list does not have is `other`, where the list has that, or is not shown at all. */
const shown = (name: MetricName, labels: Labels): Labels | undefined => {
  const rules = metricDefinition(name).labels ?? {};
  const checked: Record<string, string | number> = {};
  for (const [label, value] of Object.entries(labels)) {
    const rule = rules[label];
    if (rule === undefined) return undefined;
    if ('boundedBy' in rule || rule.includes(String(value))) checked[label] = value;
    else if (rule.includes('other')) checked[label] = 'other';
    else return undefined;
  }
  return checked;
};

const labelled = (first: unknown): first is Labels => typeof first === 'object' && first !== null;

/** Every combination of listed values; none when a label is bounded by something else than a list. */
const combinations = (name: MetricName): readonly Labels[] => {
  let all: Labels[] = [{}];
  for (const [label, rule] of Object.entries(metricDefinition(name).labels ?? {})) {
    if ('boundedBy' in rule) return [];
    all = all.flatMap((each) => rule.map((value) => ({ ...each, [label]: value })));
  }
  return all;
};

const settingsOf = (name: MetricName, registry: Registry) => {
  const { help, labels = {}, ofWorkers = 'sum' } = metricDefinition(name);
  return {
    name,
    help,
    labelNames: Object.keys(labels),
    aggregator: ofWorkers as Aggregator,
    registers: [registry],
  };
};

/**
 * Registers a counter of the catalog. It shows 0 for every value its labels may have: the first event of a kind is an
 * increase then, and an alert that asks for one sees it.
 */
export const counterOf = <N extends MetricNameOf<'counter'>>(registry: Registry, name: N): CounterOf<N> => {
  const counter = new Counter<string>(settingsOf(name, registry));
  for (const labels of combinations(name)) counter.inc(labels, 0);
  return {
    inc: (...[first, second]: readonly unknown[]) => {
      if (!labelled(first)) {
        counter.inc(first as number | undefined);
        return;
      }
      const labels = shown(name, first);
      if (labels !== undefined) counter.inc(labels, second as number | undefined);
    },
  };
};

/** Registers a gauge of the catalog. */
export const gaugeOf = <N extends MetricNameOf<'gauge'>>(registry: Registry, name: N): GaugeOf<N> => {
  const gauge = new Gauge<string>(settingsOf(name, registry));
  return {
    set: (...[first, second]: readonly unknown[]) => {
      const labels = labelled(first) ? shown(name, first) : {};
      if (labels !== undefined) gauge.set(labels, (labelled(first) ? second : first) as number);
    },
  };
};

/** What is read of a metric: a number, or with labels a number for each. */
export type Figures<N extends MetricName> = MetricLabels<N> extends undefined
  ? number | undefined
  : readonly (readonly [labels: MetricLabels<N>, value: number])[];

type Shown = readonly (readonly [labels: Labels, value: number])[];

const shownFigures = async (name: MetricName, read: () => unknown): Promise<Shown> => {
  const figures = await Promise.resolve()
    .then(read)
    .catch(() => undefined);
  const pairs = typeof figures === 'number' ? [[{}, figures] as const] : ((figures ?? []) as Shown);
  return pairs.flatMap(([labels, value]) => {
    const checked = shown(name, labels);
    return checked === undefined ? [] : [[checked, value] as const];
  });
};

/**
 * Registers a metric of the catalog whose value is read when somebody asks: nothing is done for it before. A reading
 * that is undefined, has no entry or fails is not shown, so that nobody takes an old figure for the present.
 */
export const readMetric = <N extends MetricName>(
  registry: Registry,
  name: N,
  read: () => Figures<N> | Promise<Figures<N>>,
): void => {
  const settings = settingsOf(name, registry);
  if (metricDefinition(name).type === 'gauge')
    new Gauge<string>({
      ...settings,
      async collect() {
        const figures = await shownFigures(name, read);
        this.reset();
        if (settings.labelNames.length === 0) this.remove();
        for (const [labels, value] of figures) this.set(labels, value);
      },
    });
  else
    new Counter<string>({
      ...settings,
      async collect() {
        const figures = await shownFigures(name, read);
        this.reset();
        for (const [labels, value] of figures) this.inc(labels, value);
      },
    });
};
