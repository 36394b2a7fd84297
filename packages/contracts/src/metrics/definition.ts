/**
 * What a label may be: one of a closed list of words, or bounded by the deployment itself, in words that say by what.
 * A list that has `other` shows it in the place of whatever is not on it.
 */
export type LabelRule = readonly string[] | { readonly boundedBy: string };

export interface MetricDefinition {
  readonly type: 'counter' | 'gauge';
  /** One sentence, for HELP and for docs/metrics.md. */
  readonly help: string;
  readonly labels?: Readonly<Record<string, LabelRule>>;
  /** What the workers of one router show together. Absent: their sum. */
  readonly ofWorkers?: 'min' | 'max';
}

export type MetricDefinitions = Readonly<Record<string, MetricDefinition>>;
