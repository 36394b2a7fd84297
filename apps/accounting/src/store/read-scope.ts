import type { ApiKeyId, GroupId, OrgId } from '@lethe/contracts';
import { and, eq, inArray, isNull, or, type SQL, sql } from 'drizzle-orm';
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import type postgres from 'postgres';
import { event } from './schema.js';
import { guarded } from './store-error.js';

/** Whose rows a reader may see. Built from the token alone, never from anything else a caller sends. */
export type ReadScope =
  | { readonly kind: 'organization'; readonly orgId: OrgId }
  | {
      readonly kind: 'keys';
      readonly orgId: OrgId;
      readonly apiKeyIds: readonly ApiKeyId[];
      readonly groupIds: readonly GroupId[];
    }
  /** Requests of which no key was recognised: they belong to no organization. */
  | { readonly kind: 'unrecognised' };

export type ReadDatabase = PostgresJsDatabase;
export type ReadTransaction = Parameters<Parameters<ReadDatabase['transaction']>[0]>[0];

export const openReadDatabase = (pool: postgres.Sql): ReadDatabase => drizzle(pool);

/** The rows of `event` that a scope covers, within what row-level security shows anyway. */
export const scopeCondition = (scope: ReadScope): SQL | undefined => {
  if (scope.kind === 'unrecognised') return isNull(event.orgId);
  if (scope.kind === 'organization') return eq(event.orgId, scope.orgId);
  const own = [
    ...(scope.apiKeyIds.length > 0 ? [inArray(event.apiKeyId, [...scope.apiKeyIds])] : []),
    ...(scope.groupIds.length > 0 ? [inArray(event.groupId, [...scope.groupIds])] : []),
  ];
  return and(eq(event.orgId, scope.orgId), or(...own) ?? sql`false`);
};

/**
 * Runs reads in one read-only transaction that names the organization to row-level security; the setting ends with the
 * transaction. Throws LetheError of a closed code.
 */
export const readScoped = <T>(
  db: ReadDatabase,
  scope: ReadScope,
  work: (tx: ReadTransaction) => Promise<T>,
): Promise<T> =>
  guarded(() =>
    db.transaction(
      async (tx) => {
        const orgId = scope.kind === 'unrecognised' ? '' : scope.orgId;
        const operator = scope.kind === 'unrecognised' ? 'on' : '';
        await tx.execute(
          sql`select set_config('app.org_id', ${orgId}, true), set_config('app.operator', ${operator}, true)`,
        );
        return work(tx);
      },
      { accessMode: 'read only', isolationLevel: 'read committed' },
    ),
  );
