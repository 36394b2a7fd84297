import type { ApiKeyId, Endpoint, GroupId } from '@lethe/contracts';
import { and, eq, gte, inArray, lt, type SQL, sql } from 'drizzle-orm';
import { type ReadDatabase, type ReadScope, readScoped, scopeCondition } from '../store/read-scope.js';
import { insightFloor } from '../store/request-store.js';
import { apiKeyCopy, event } from '../store/schema.js';
import type { GroupBy, GroupColumn, UsageRequest } from './usage-request.js';

/** Sums of one period, or of one group within it. Tokens and requests are counts, costs nano-dollars. */
export interface UsageSums {
  readonly completionsRequests: number;
  readonly embeddingRequests: number;
  readonly totalRequests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costProviderNanos: bigint;
  readonly costRouterNanos: bigint;
}

export const noUsage: UsageSums = {
  completionsRequests: 0,
  embeddingRequests: 0,
  totalRequests: 0,
  inputTokens: 0,
  outputTokens: 0,
  costProviderNanos: 0n,
  costRouterNanos: 0n,
};

export interface UsageRow extends UsageSums {
  /** `2026-11`, `2026-11-21` or `2026-11-21T10:00:00Z`. */
  readonly period: string;
  /** In the order of the request's `groupBy`; null: the request had none. */
  readonly group: readonly (string | null)[];
}

/** More rows than anybody reads; a request for more is refused instead of cut. */
export const usageRowsMax = 20_000;

const completions: readonly Endpoint[] = ['chat_completions', 'completions', 'responses', 'messages'];
const embeddings: readonly Endpoint[] = ['embeddings'];

const periodFormat = {
  hour: sql.raw(`'YYYY-MM-DD"T"HH24:00:00"Z"'`),
  day: sql.raw(`'YYYY-MM-DD'`),
  month: sql.raw(`'YYYY-MM'`),
} as const;

/** The time an insight's id carries, which is also what its partition and its filters go by. */
const insightTime = sql`(to_timestamp((('x' || substr(replace(${event.insightId}::text, '-', ''), 1, 12))::bit(48)::bigint) / 1000.0)
  at time zone 'UTC')`;

const columnOf: Readonly<Record<GroupColumn, SQL>> = {
  group_id: sql`${event.groupId}::text`,
  user_id: sql`nullif(${event.userId}::text, '')`,
  api_key_id: sql`${event.apiKeyId}::text`,
  model_requested: sql`nullif(${event.modelRequested}::text, '')`,
  model_used: sql`nullif(${event.modelUsed}::text, '')`,
  provider_used: sql`nullif(${event.providerUsed}::text, '')`,
  is_byok: sql`${event.byok}::text`,
};

const groupExpression = (group: GroupBy): SQL =>
  group.extra === undefined
    ? columnOf[group.name]
    : sql`(${event.extraValues}::text[])[array_position(${event.extraKeys}::text[], ${group.extra})]`;

const countOf = (endpoints: readonly Endpoint[]): SQL<number> =>
  sql<number>`count(*) filter (where ${inArray(event.endpoint, [...endpoints])})`.mapWith(Number);
const sumOf = (column: SQL): SQL => sql`coalesce(sum(${column}), 0)`;

/** Always as many as may be asked for, so that the statement has one shape. */
const groupColumn = (request: UsageRequest, index: number): SQL<string | null> => {
  const group = request.groupBy[index];
  return group === undefined ? sql<null>`null::text` : sql<string | null>`${groupExpression(group)}`;
};

const selection = (request: UsageRequest) => ({
  period: sql<string>`to_char(${insightTime}, ${periodFormat[request.resolution]})`,
  group1: groupColumn(request, 0),
  group2: groupColumn(request, 1),
  group3: groupColumn(request, 2),
  group4: groupColumn(request, 3),
  completionsRequests: countOf(completions),
  embeddingRequests: countOf(embeddings),
  totalRequests: sql<number>`count(*)`.mapWith(Number),
  inputTokens: sumOf(sql`${event.tokensInput}`).mapWith(Number),
  outputTokens: sumOf(sql`${event.tokensOutput}`).mapWith(Number),
  costProviderNanos: sumOf(sql`${event.costProviderNanos}`).mapWith(BigInt),
  costRouterNanos: sumOf(sql`${event.costRouterNanos}`).mapWith(BigInt),
});

/** Sums of usage within a scope. Every method throws LetheError of a closed code. */
export const createUsageStore = (db: ReadDatabase) => ({
  /** Rows by period and group, oldest first; undefined: more than usageRowsMax. */
  sums: (scope: ReadScope, request: UsageRequest): Promise<readonly UsageRow[] | undefined> =>
    readScoped(db, scope, async (tx) => {
      const rows = await tx
        .select(selection(request))
        .from(event)
        .where(
          and(
            scopeCondition(scope),
            gte(event.insightId, insightFloor(request.startMs)),
            lt(event.insightId, insightFloor(request.endMs)),
            request.apiKeyId === undefined ? undefined : eq(event.apiKeyId, request.apiKeyId),
          ),
        )
        .groupBy(sql`1, 2, 3, 4, 5`)
        .orderBy(sql`1, 2, 3, 4, 5`)
        .limit(usageRowsMax + 1);
      if (rows.length > usageRowsMax) return undefined;
      return rows.map(({ group1, group2, group3, group4, ...row }) => ({
        ...row,
        group: [group1, group2, group3, group4].slice(0, request.groupBy.length),
      }));
    }),
  /** The group of an API key of the scope's organization; undefined: this organization has no such key. */
  apiKey: (
    scope: ReadScope,
    apiKeyId: ApiKeyId,
  ): Promise<{ readonly apiKeyId: ApiKeyId; readonly groupId: GroupId | undefined } | undefined> =>
    readScoped(db, scope, async (tx) => {
      const [row] = await tx
        .select({ groupId: apiKeyCopy.groupId })
        .from(apiKeyCopy)
        .where(eq(apiKeyCopy.apiKeyId, apiKeyId));
      return row === undefined
        ? undefined
        : { apiKeyId, groupId: (row.groupId ?? undefined) as GroupId | undefined };
    }),
});
export type UsageStore = ReturnType<typeof createUsageStore>;
