import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type postgres from 'postgres';
import { printFigures } from '../support/figures.js';
import { accountingAttempts } from './accounting-attempts.js';
import { anyRole } from './any-role.js';
import type { Attempt } from './attempt.js';
import { type Cluster, outcomeOf, startCluster } from './cluster.js';
import { configAttempts } from './config-attempts.js';
import { databaseNames, databaseOf, databases } from './databases.js';
import { logAttempts, objectAttempts } from './log-attempts.js';
import { seed } from './seed.js';
import { changedBetween, stateOf } from './state.js';
import { removeProtections, rolledBack } from './unprotected.js';

const attempts: readonly Attempt[] = [
  ...anyRole,
  ...configAttempts,
  ...accountingAttempts,
  ...logAttempts,
  ...objectAttempts,
];
const nameOf = ({ role, way }: Attempt): string => `${role}: ${way}`;

/** What everyone tries is the same statement for all roles of a database: there, one of them is enough. */
const onePerDatabase = attempts.filter(
  (attempt) => !anyRole.includes(attempt) || databases[databaseOf(attempt.role)].roles[0] === attempt.role,
);

/** The outcome of the last statement, or of the first that is refused. */
const lastOutcome = async (
  sql: Pick<postgres.Sql, 'unsafe'>,
  statements: readonly string[],
): Promise<string> => {
  let outcome = '';
  for (const statement of statements) {
    outcome = await outcomeOf(sql.unsafe(statement));
    if (outcome !== 'done' && outcome !== 'nothing') return outcome;
  }
  return outcome;
};

/** In the superuser's one transaction there is nothing to begin. */
const startsTransaction = /^(?:begin|savepoint|commit)\b/;

const tryUnprotected = async (
  cluster: Cluster,
  { role, statements }: Pick<Attempt, 'role' | 'statements'>,
): Promise<string> => {
  let outcome = '';
  const within = statements.filter((each) => !startsTransaction.test(each));
  await rolledBack(cluster.superuser[databaseOf(role)], async (tx) => {
    outcome = await lastOutcome(tx, within);
  });
  return outcome;
};

describe('lockdown in the databases', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster();
    await seed(cluster);
  }, 120_000);
  afterAll(() => cluster.stop());

  it('every runtime role there is has its attempts', async () => {
    const rows = await cluster.server.sql`select rolname from pg_roles
      where rolname like 'lethe\\_%' and rolname <> 'lethe_owner' order by 1`;
    const known = databaseNames.flatMap((name): readonly string[] => databases[name].roles);
    expect(rows.map(({ rolname }) => String(rolname))).toEqual([...known].sort());
    expect(new Set(attempts.map(({ role }) => role)).size).toBe(known.length);
  });

  it('every attempt of every role is refused with its SQLSTATE, and nothing has changed', async () => {
    expect(new Set(attempts.map(nameOf)).size).toBe(attempts.length);
    const before = await stateOf(cluster);
    const surprises = [];
    for (const role of new Set(attempts.map((attempt) => attempt.role))) {
      const sql = cluster.connect(role);
      for (const attempt of attempts.filter((each) => each.role === role)) {
        const outcome = await lastOutcome(sql, attempt.statements);
        if (outcome !== attempt.refused)
          surprises.push(`${nameOf(attempt)}: ${outcome}, not ${attempt.refused}`);
        await sql`rollback`;
        await sql`discard all`;
      }
      await sql.end();
    }
    expect(surprises).toEqual([]);
    expect(changedBetween(before, await stateOf(cluster))).toEqual([]);
    const own = attempts.length - anyRole.length;
    const codes = new Set(attempts.map(({ refused }) => refused));
    printFigures('lockdown', {
      attempts: attempts.length,
      own,
      roles: new Set(attempts.map(({ role }) => role)).size,
      codes: codes.size,
      changed: 0,
    });
    expect(own).toBeGreaterThanOrEqual(60);
  }, 300_000);

  it('a change of one bit would be seen', async () => {
    const before = await stateOf(cluster);
    const { config, accounting } = cluster.superuser;
    await config`alter table config.organization enable trigger guard_row`;
    expect(changedBetween(before, await stateOf(cluster))).toEqual(['config: triggers']);
    await config`alter table config.organization enable always trigger guard_row`;
    await accounting`update usage.event set ingested_at = ingested_at + interval '1 microsecond'`;
    expect(changedBetween(before, await stateOf(cluster)).every((name) => name.includes('usage.event'))).toBe(
      true,
    );
  });

  it('the same attempts come to something where the protection is off: none is refused for its spelling', async () => {
    for (const name of databaseNames) await removeProtections(cluster, name);
    const surprises = [];
    for (const attempt of onePerDatabase) {
      const outcome = await tryUnprotected(cluster, attempt);
      if (outcome !== attempt.unprotected)
        surprises.push(`${nameOf(attempt)}: ${outcome}, not ${attempt.unprotected}`);
    }
    expect(surprises).toEqual([]);
  }, 300_000);
});
