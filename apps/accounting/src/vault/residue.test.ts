import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newUuidV7, type OrgId } from '@lethe/contracts';
import { freshKeys, type IngestionBench, startIngestionBench } from '../testing/ingestion-bench.contract.js';
import { createLaunchedWrapping } from './launched-wrapping.js';

const launched = randomBytes(32);
let bench: IngestionBench;
beforeAll(async () => {
  bench = await startIngestionBench({ ...freshKeys(), transit: createLaunchedWrapping(launched) });
}, 60_000);
afterAll(() => bench?.stop());

/** The files of the data folder in which these bytes stand, after a clean restart: unlogged pages are written then. */
const filesWith = async (bytes: Buffer): Promise<string[]> => {
  await bench.db.server.restart();
  const found: string[] = [];
  for (const entry of await readdir(bench.db.server.dataDir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const content = await readFile(path).catch(() => Buffer.alloc(0));
    if (content.includes(bytes)) found.push(path.slice(bench.db.server.dataDir.length + 1));
  }
  return found;
};
const wrappedOf = async (orgId: OrgId): Promise<Buffer> => {
  const [row] = await bench.db.sql<{ wrapped_private: Buffer }[]>`
    select wrapped_private from ingest.transit_key where org_id = ${orgId}`;
  if (row === undefined) throw new Error('the organization has a transit key');
  return row.wrapped_private;
};
const openOrg = async (): Promise<OrgId> => {
  const orgId = newUuidV7();
  await bench.openOrg(orgId);
  return orgId;
};
const seal = (orgId: OrgId, shredHistory = false) => bench.sealOrg({ orgId, version: 7n, shredHistory });

describe('the files of the database after a private half was destroyed', () => {
  it('hold no byte of it: sealing moves the others to a fresh file, wrapped anew', async () => {
    const [orgId, other] = [await openOrg(), await openOrg()];
    const [wrapped, wrappedOther] = [await wrappedOf(orgId), await wrappedOf(other)];
    // The control: before sealing the same scan finds both.
    expect(await filesWith(wrapped)).not.toEqual([]);
    expect(await filesWith(wrappedOther)).not.toEqual([]);
    await seal(orgId);
    expect(await filesWith(wrapped)).toEqual([]);
    expect(await filesWith(wrappedOther)).toEqual([]);
    expect((await wrappedOf(other)).equals(wrappedOther)).toBe(false);
    expect(await filesWith(await wrappedOf(other))).not.toEqual([]);
  }, 60_000);

  it('would hold it after a plain DELETE, and after a VACUUM FULL while somebody still looks', async () => {
    const orgId = await openOrg();
    const wrapped = await wrappedOf(orgId);
    await bench.db.sql`delete from ingest.transit_key where org_id = ${orgId}`;
    expect(await filesWith(wrapped)).not.toEqual([]);

    const looking = await openOrg();
    const looked = await wrappedOf(looking);
    await bench.db.sql.begin('isolation level repeatable read', async (onlooker) => {
      await onlooker`select count(*) from usage.event`;
      await bench.db.sql`delete from ingest.transit_key where org_id = ${looking}`;
      await bench.db.sql`vacuum full ingest.transit_key`;
    });
    expect(await filesWith(looked)).not.toEqual([]);
    // What anyone deleted, by whatever way, is wiped by the next turn of the vault.
    await bench.vault.settle();
    expect(await filesWith(wrapped)).toEqual([]);
    expect(await filesWith(looked)).toEqual([]);
  }, 60_000);

  it('hold none of it either when somebody holds a snapshot while it is sealed', async () => {
    const orgId = await openOrg();
    const wrapped = await wrappedOf(orgId);
    await bench.db.sql.begin('isolation level repeatable read', async (onlooker) => {
      await onlooker`select count(*) from usage.event`;
      await seal(orgId);
    });
    expect(await filesWith(wrapped)).toEqual([]);
  }, 60_000);

  it('never hold a wrapping key', async () => {
    expect(await filesWith(launched)).toEqual([]);
    expect(await filesWith(Buffer.from(launched.toString('hex')))).toEqual([]);
    const planted = randomBytes(32);
    await bench.db.sql`create table public.planted (line bytea)`;
    await bench.db.sql`insert into public.planted values (${planted})`;
    expect(await filesWith(planted)).not.toEqual([]);
  }, 60_000);
});

describe('the files of the database after a history was shredded', () => {
  const atRestOf = async (orgId: OrgId): Promise<Buffer> => {
    const [row] = await bench.db.sql<{ wrapped_key: Buffer }[]>`
      select wrapped_key from ingest.at_rest_key where org_id = ${orgId}`;
    if (row === undefined) throw new Error('the organization has an at-rest key');
    return row.wrapped_key;
  };
  /** The write-ahead log is not among them: it holds what it held until it is recycled, as backups do. */
  const tableFilesWith = async (bytes: Buffer) =>
    (await filesWith(bytes)).filter((path) => !path.startsWith('pg_wal'));

  it('hold no byte of its at-rest key, and all of the others’', async () => {
    const [orgId, other] = [await openOrg(), await openOrg()];
    const [key, keyOfOther] = [await atRestOf(orgId), await atRestOf(other)];
    expect(await tableFilesWith(key)).not.toEqual([]);
    await seal(orgId);
    expect(await tableFilesWith(key)).not.toEqual([]);
    await seal(orgId, true);
    expect(await tableFilesWith(key)).toEqual([]);
    expect((await atRestOf(other)).equals(keyOfOther)).toBe(true);
    expect(await tableFilesWith(keyOfOther)).not.toEqual([]);
  }, 60_000);

  it('would hold it after a plain DELETE', async () => {
    const orgId = await openOrg();
    const key = await atRestOf(orgId);
    await bench.db.sql`delete from ingest.at_rest_key where org_id = ${orgId}`;
    expect(await tableFilesWith(key)).not.toEqual([]);
  }, 60_000);
});
