import { z } from '@hono/zod-openapi';
import { isUuid, type OrgId } from '@lethe/contracts';
import { LetheError } from '@lethe/service-kit';
import type { Context } from 'hono';
import {
  type GroupBy,
  groupByMax,
  rangeDaysMax,
  resolutions,
  toGroupBy,
  type UsageRequest,
} from '../analytics/usage-request.js';
import type { UsageRow, UsageStore } from '../analytics/usage-store.js';
import { usageExportedEvent } from '../outbox/audit-events.js';
import type { QueuedEvent } from '../store/outbox-store.js';
import type { ReadScope } from '../store/read-scope.js';
import type { Access } from './access.js';
import { documentedGet, type RestApp, refusals } from './documented.js';
import { moment, readQuery } from './read-query.js';
import { toUsageCsv } from './usage-csv.js';
import { toUsageJson, usageSchema } from './usage-json.js';

const dayMs = 86_400_000;

const usageQuery = z.strictObject({
  start: moment.openapi({ description: 'RFC 3339, included.' }),
  end: moment.optional().openapi({ description: 'RFC 3339, excluded; now when absent.' }),
  resolution: z.enum(resolutions).optional().openapi({ description: 'day when absent.' }),
  'group_by[]': z.array(z.string()).min(1).max(groupByMax).optional().openapi({
    description:
      'group_id, user_id, api_key_id, model_requested, model_used, provider_used, is_byok or extra.<field>',
  }),
});

const usageAnswer = {
  200: { description: 'Usage by period.', content: { 'application/json': { schema: usageSchema } } },
  ...refusals,
};

const groupByName = 'group_by[]';

const readGroupBy = (names: readonly string[]): GroupBy[] => {
  if (new Set(names).size !== names.length) throw new LetheError('caller.invalid_value', groupByName);
  return names.map((name) => {
    const group = toGroupBy(name);
    if (group === undefined) throw new LetheError('caller.invalid_value', groupByName);
    return group;
  });
};

const readUsageRequest = (c: Context): UsageRequest => {
  const query = readQuery(c, usageQuery);
  const endMs = query.end ?? Date.now();
  if (endMs <= query.start || endMs - query.start > rangeDaysMax * dayMs)
    throw new LetheError('caller.invalid_value', query.end === undefined ? 'start' : 'end');
  return {
    startMs: query.start,
    endMs,
    resolution: query.resolution ?? 'day',
    groupBy: readGroupBy(query[groupByName] ?? []),
  };
};

export interface UsageDeps {
  readonly authenticate: (c: Context) => Promise<Access>;
  readonly usage: UsageStore;
  /** Resolves once the event is durable. */
  readonly queue: (event: QueuedEvent) => Promise<void>;
}

/** The organization whose usage a token may ask for; the operator has none. */
const orgOf = (scope: ReadScope): OrgId => {
  if (scope.kind === 'unrecognised') throw new LetheError('caller.forbidden');
  return scope.orgId;
};

const sumsOf = async (
  deps: UsageDeps,
  scope: ReadScope,
  request: UsageRequest,
): Promise<readonly UsageRow[]> => {
  const rows = await deps.usage.sums(scope, request);
  if (rows === undefined) throw new LetheError('caller.invalid_value', groupByName);
  return rows;
};

/** GET /v1/manage/org/usage and /v1/manage/apikey/{id}/usage: sums of what the token may read. */
export const addUsageRoutes = (app: RestApp, deps: UsageDeps): void => {
  documentedGet(
    app,
    {
      path: '/v1/manage/org/usage',
      summary: 'Usage of the organization, or of the keys a member may read',
      request: { query: usageQuery },
      responses: usageAnswer,
    },
    async (c) => {
      const { scope } = await deps.authenticate(c);
      orgOf(scope);
      const request = readUsageRequest(c);
      return c.json(toUsageJson(request, await sumsOf(deps, scope, request)));
    },
  );
  documentedGet(
    app,
    {
      path: '/v1/manage/apikey/{id}/usage',
      summary: 'Usage of one API key',
      request: { params: z.strictObject({ id: z.uuid() }), query: usageQuery },
      responses: usageAnswer,
    },
    async (c) => {
      const { scope } = await deps.authenticate(c);
      orgOf(scope);
      const apiKeyId = c.req.param('id')?.toLowerCase();
      const key = isUuid(apiKeyId) ? await deps.usage.apiKey(scope, apiKeyId) : undefined;
      const readable =
        key !== undefined &&
        (scope.kind !== 'keys' ||
          scope.apiKeyIds.includes(key.apiKeyId) ||
          (key.groupId !== undefined && scope.groupIds.includes(key.groupId)));
      if (!readable) throw new LetheError('caller.not_found');
      const request = { ...readUsageRequest(c), apiKeyId: key.apiKeyId };
      return c.json(toUsageJson(request, await sumsOf(deps, scope, request)));
    },
  );
};

/** GET /v1/manage/org/usage/export: the same as CSV. Its audit event is durable before the first byte leaves. */
export const addUsageExport = (app: RestApp, deps: UsageDeps): void => {
  documentedGet(
    app,
    {
      path: '/v1/manage/org/usage/export',
      summary: 'Usage of the organization as CSV, an audit event',
      request: { query: usageQuery },
      responses: {
        200: { description: 'CSV.', content: { 'text/csv': { schema: z.string() } } },
        ...refusals,
      },
    },
    async (c) => {
      const access = await deps.authenticate(c);
      if (!access.mayExportUsage) {
        await deps.queue(usageExportedEvent(access, { refusal: 'caller.forbidden' }));
        throw new LetheError('caller.forbidden');
      }
      const request = readUsageRequest(c);
      const csv = toUsageCsv(request, await sumsOf(deps, access.scope, request));
      const range = {
        start: new Date(request.startMs).toISOString(),
        end: new Date(request.endMs).toISOString(),
        resolution: request.resolution,
      };
      await deps.queue(usageExportedEvent(access, { range }));
      return c.body(csv, 200, {
        'content-type': 'text/csv; charset=utf-8',
        'content-disposition': 'attachment; filename="usage.csv"',
      });
    },
  );
};
