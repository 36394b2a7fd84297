import { isBoundedIdentifier } from '@lethe/contracts';

export const resolutions = ['hour', 'day', 'month'] as const;
export type Resolution = (typeof resolutions)[number];

/** What usage can be grouped by; besides these `extra.<field>`. */
export const groupColumns = [
  'group_id',
  'user_id',
  'api_key_id',
  'model_requested',
  'model_used',
  'provider_used',
  'is_byok',
] as const;
export type GroupColumn = (typeof groupColumns)[number];

/** One dimension of grouped usage. */
export type GroupBy =
  | { readonly name: GroupColumn; readonly extra?: undefined }
  | { readonly name: string; readonly extra: string };

export const groupByMax = 4;
export const rangeDaysMax = 100;

const extraPrefix = 'extra.';

/** Reads a name of the closed list, or `extra.<field>`; undefined for anything else. */
export const toGroupBy = (name: string): GroupBy | undefined => {
  const column = groupColumns.find((each) => each === name);
  if (column !== undefined) return { name: column };
  const extra = name.startsWith(extraPrefix) ? name.slice(extraPrefix.length) : undefined;
  return isBoundedIdentifier(extra) ? { name, extra } : undefined;
};

/** Usage of a range of time; `startMs` included, `endMs` excluded, milliseconds since 1970. */
export interface UsageRequest {
  readonly startMs: number;
  readonly endMs: number;
  readonly resolution: Resolution;
  readonly groupBy: readonly GroupBy[];
  readonly apiKeyId?: string | undefined;
}
