import { z } from '@hono/zod-openapi';
import { toDollars } from '../analytics/dollars.js';
import type { UsageRequest } from '../analytics/usage-request.js';
import { noUsage, type UsageRow, type UsageSums } from '../analytics/usage-store.js';

const count = z.number().int().nonnegative();
const nanos = z.string().regex(/^\d+$/);

const sums = {
  completions_requests: count,
  embedding_requests: count,
  image_requests: count,
  speech_requests: count,
  transcription_requests: count,
  total_requests: count,
  spend: z.string().openapi({ description: 'US dollars: what the router charges, nothing for BYOK.' }),
  spend_nanos: nanos,
  cost_provider: z.string().openapi({ description: 'US dollars: what the providers charge.' }),
  cost_provider_nanos: nanos,
  input_tokens: count,
  output_tokens: count,
  total_tokens: count,
};

/** Usage by period; the keys are UTC months, days or hours. */
export const usageSchema = z
  .strictObject({
    usage: z.record(
      z.string(),
      z.strictObject({
        ...sums,
        grouped_data: z.array(
          z.strictObject({ group_by_values: z.record(z.string(), z.string().nullable()), ...sums }),
        ),
      }),
    ),
  })
  .openapi('Usage');
export type UsageJson = z.infer<typeof usageSchema>;

/** Sums as JSON. Images, speech and transcription are not offered, so their counts are zero. */
export const toSumsJson = (row: UsageSums) => ({
  completions_requests: row.completionsRequests,
  embedding_requests: row.embeddingRequests,
  image_requests: 0,
  speech_requests: 0,
  transcription_requests: 0,
  total_requests: row.totalRequests,
  spend: toDollars(row.costRouterNanos),
  spend_nanos: row.costRouterNanos.toString(),
  cost_provider: toDollars(row.costProviderNanos),
  cost_provider_nanos: row.costProviderNanos.toString(),
  input_tokens: row.inputTokens,
  output_tokens: row.outputTokens,
  total_tokens: row.inputTokens + row.outputTokens,
});

const add = (a: UsageSums, b: UsageSums): UsageSums => ({
  completionsRequests: a.completionsRequests + b.completionsRequests,
  embeddingRequests: a.embeddingRequests + b.embeddingRequests,
  totalRequests: a.totalRequests + b.totalRequests,
  inputTokens: a.inputTokens + b.inputTokens,
  outputTokens: a.outputTokens + b.outputTokens,
  costProviderNanos: a.costProviderNanos + b.costProviderNanos,
  costRouterNanos: a.costRouterNanos + b.costRouterNanos,
});

const groupValues = (request: UsageRequest, row: UsageRow): Record<string, string | null> =>
  Object.fromEntries(request.groupBy.map(({ name }, index) => [name, row.group[index] ?? null]));

/** Folds rows into periods. Without `group_by` a period's grouped_data is empty. */
export const toUsageJson = (request: UsageRequest, rows: readonly UsageRow[]): UsageJson => {
  const periods = new Map<string, UsageRow[]>();
  for (const row of rows) {
    const members = periods.get(row.period);
    if (members === undefined) periods.set(row.period, [row]);
    else members.push(row);
  }
  const usage: UsageJson['usage'] = {};
  for (const [period, members] of periods) {
    usage[period] = {
      ...toSumsJson(members.reduce<UsageSums>((sum, row) => add(sum, row), noUsage)),
      grouped_data:
        request.groupBy.length === 0
          ? []
          : members.map((row) => ({ group_by_values: groupValues(request, row), ...toSumsJson(row) })),
    };
  }
  return { usage };
};
