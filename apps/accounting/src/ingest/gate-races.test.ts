import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { newUuidV7, type OrgId } from '@lethe/contracts';
import postgres from 'postgres';
import { type AccountingDatabase, startAccountingDatabase } from '../testing/accounting-database.contract.js';
import { sqlStateOfFailure } from '../testing/sql-errors.contract.js';

let db: AccountingDatabase;
const clients: postgres.Sql[] = [];
const connect = (url: string): postgres.Sql => {
  const client = postgres(url, { max: 1, onnotice: () => {} });
  clients.push(client);
  return client;
};

beforeAll(async () => {
  db = await startAccountingDatabase();
  // The unfenced shape of the same tables: what a foreign key and a plain SELECT would give.
  await db.sql`create table plain_org (org_id uuid primary key, sealed boolean not null default false)`;
  await db.sql`create table plain_item (insight_id uuid, org_id uuid references plain_org (org_id), at timestamptz)`;
}, 60_000);
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end({ timeout: 1 })));
});
afterAll(() => db?.stop());

const openOrg = async (): Promise<OrgId> => {
  const orgId = newUuidV7();
  await db.sql`select ingest.open_org(${orgId})`;
  await db.sql`insert into ingest.at_rest_key values (${orgId}, 1, ${Buffer.alloc(60, 1)})`;
  return orgId;
};
const put = (tx: postgres.Sql | postgres.TransactionSql, orgId: OrgId) => tx`
  select payload.put(${orgId}, ${newUuidV7()}, ${newUuidV7()}, ${Buffer.alloc(60, 1)}, 1, ${Buffer.alloc(12)},
    ${Buffer.alloc(32)}, 1, ${newUuidV7()})`;
const itemsOf = async (orgId: OrgId): Promise<number> =>
  (await db.sql`select 1 from payload.item where org_id = ${orgId}`).length;
/** Resolves once somebody waits for a lock, so that no race depends on a guess about time. */
const untilBlocked = async (): Promise<void> => {
  for (let i = 0; i < 500; i += 1) {
    const waiting = await db.sql`select 1 from pg_locks where not granted`;
    if (waiting.length > 0) return;
    await sleep(10);
  }
  throw new Error('nothing waits for a lock');
};
const signal = () => {
  let give: () => void = () => {};
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give };
};
/** Begins a transaction, does `first`, and holds it open until `release`; then does `last` and commits. */
const heldTransaction = async (
  client: postgres.Sql,
  first: (tx: postgres.TransactionSql) => Promise<unknown>,
  last: (tx: postgres.TransactionSql) => Promise<unknown> = async () => undefined,
) => {
  const [entered, released] = [signal(), signal()];
  const done = client.begin(async (tx) => {
    await first(tx);
    entered.give();
    await released.given;
    await last(tx);
  });
  await Promise.race([entered.given, done]);
  return { release: released.give, done };
};
const sealIn = (orgId: OrgId) => (tx: postgres.TransactionSql) => tx`select ingest.seal_org(${orgId}, 7)`;

describe('the fence in the database', () => {
  it('A: a payload that meets an uncommitted seal waits and is refused', async () => {
    const orgId = await openOrg();
    const sealing = await heldTransaction(connect(db.urls.control), sealIn(orgId));
    const writing = sqlStateOfFailure(put(connect(db.urls.payload), orgId));
    await untilBlocked();
    sealing.release();
    await sealing.done;
    expect(await writing).toBe('ZDR02');
    expect(await itemsOf(orgId)).toBe(0);
  });

  it('B (control): with a plain SELECT and a foreign key the same race persists a row after the seal committed', async () => {
    const orgId = newUuidV7();
    await db.sql`insert into plain_org values (${orgId})`;
    const writing = await heldTransaction(
      db.sql,
      async (tx) => {
        const [org] = await tx`select sealed from plain_org where org_id = ${orgId}`;
        expect(org?.sealed).toBe(false);
      },
      (tx) => tx`insert into plain_item values (${newUuidV7()}, ${orgId}, clock_timestamp())`,
    );
    const [sealed] = await db.sql`
      update plain_org set sealed = true where org_id = ${orgId} returning clock_timestamp() as at`;
    writing.release();
    await writing.done;
    const [row] = await db.sql`select at from plain_item where org_id = ${orgId}`;
    expect((row?.at as Date).getTime()).toBeGreaterThanOrEqual((sealed?.at as Date).getTime());
  });

  it('C: sealing waits for an open payload transaction, and what comes after is refused', async () => {
    const orgId = await openOrg();
    const control = connect(db.urls.control);
    const writer = connect(db.urls.payload);
    const order: string[] = [];
    const writing = await heldTransaction(
      writer,
      (tx) => tx`select payload.check_gate(${orgId})`,
      async (tx) => {
        await put(tx, orgId);
        order.push('committing');
      },
    );
    const sealing = control`select ingest.seal_org(${orgId}, 7)`.then(() => order.push('sealed'));
    await untilBlocked();
    writing.release();
    await Promise.all([writing.done, sealing]);
    expect(order).toEqual(['committing', 'sealed']);
    expect(await itemsOf(orgId)).toBe(1);
    expect(await sqlStateOfFailure(put(writer, orgId))).toBe('ZDR02');
    expect(await itemsOf(orgId)).toBe(1);
  });
});

describe('the gate', () => {
  it.each(['repeatable read', 'serializable'])('RR: %s is refused', async (level) => {
    const orgId = await openOrg();
    const writer = connect(db.urls.payload);
    const attempt = writer.begin(`isolation level ${level}`, (tx) => put(tx, orgId));
    expect(await sqlStateOfFailure(attempt)).toBe('ZDR03');
    // The same call in the level the service uses goes through.
    expect(
      await sqlStateOfFailure(writer.begin('isolation level read committed', (tx) => put(tx, orgId))),
    ).toBeUndefined();
  });

  it('refuses an organization nobody opened, and one that is sealed, by whatever way a row comes', async () => {
    const writer = connect(db.urls.payload);
    expect(await sqlStateOfFailure(writer`select payload.check_gate(${newUuidV7()})`)).toBe('ZDR02');
    const orgId = await openOrg();
    await db.sql`select ingest.seal_org(${orgId}, 7)`;
    expect(await sqlStateOfFailure(writer`select payload.check_gate(${orgId})`)).toBe('ZDR02');
    const direct = (tx: postgres.TransactionSql) => tx`
      insert into payload.item values (${orgId}, ${newUuidV7()}, ${newUuidV7()}, ${Buffer.alloc(60)}, 1,
        ${Buffer.alloc(12)}, ${Buffer.alloc(16)}, 1, ${newUuidV7()})`;
    expect(await sqlStateOfFailure(db.sql.begin(direct))).toBe('ZDR02');
    const asReplica = db.sql.begin(async (tx) => {
      await tx`set local session_replication_role = replica`;
      await direct(tx);
    });
    expect(await sqlStateOfFailure(asReplica)).toBe('ZDR02');
  });
});

describe('a sealed organization stays sealed (I1)', () => {
  it('keeps the first version, and no later message opens it', async () => {
    const orgId = await openOrg();
    const control = connect(db.urls.control);
    const [first] = await control`select * from ingest.seal_org(${orgId}, 7)`;
    const [second] = await control`select * from ingest.seal_org(${orgId}, 9)`;
    expect([first, second]).toEqual([
      { sealed_version: '7', newly: true },
      { sealed_version: '7', newly: false },
    ]);
    const [opened] = await control`select ingest.open_org(${orgId}) as sealed`;
    expect(opened?.sealed).toBe(true);
  });

  it.each([
    ['update ingest.org_gate set sealed = false, sealed_version = null where sealed'],
    ['update ingest.org_gate set sealed_version = 1 where sealed'],
    ['update ingest.org_gate set org_id = gen_random_uuid() where sealed'],
    ['delete from ingest.org_gate'],
    ['truncate ingest.org_gate'],
  ])('refuses "%s", even to a superuser in replica mode', async (statement) => {
    await db.sql`select ingest.seal_org(${await openOrg()}, 7)`;
    for (const mode of ['origin', 'replica']) {
      const attempt = db.sql.begin(async (tx) => {
        await tx.unsafe(`set local session_replication_role = ${mode}`);
        await tx.unsafe(statement);
      });
      expect(await sqlStateOfFailure(attempt)).toBe('ZDR01');
    }
  });

  it('destroys the transit keys and takes no new one', async () => {
    const orgId = await openOrg();
    const control = connect(db.urls.control);
    const putKey = () => control`
      select ingest.put_transit_key(${orgId}, ${newUuidV7()}, ${Buffer.alloc(32)}, ${Buffer.alloc(60)},
        ${Buffer.alloc(16)})`;
    await putKey();
    const keys = () => db.sql`select 1 from ingest.transit_key where org_id = ${orgId}`;
    expect(await keys()).toHaveLength(1);
    await control`select ingest.seal_org(${orgId}, 7)`;
    expect(await keys()).toHaveLength(0);
    expect(await sqlStateOfFailure(putKey())).toBe('ZDR02');
    expect(
      await sqlStateOfFailure(control`select ingest.put_at_rest_key(${orgId}, 2, ${Buffer.alloc(60)})`),
    ).toBe('ZDR02');
  });

  it('a key generation that waited behind the seal is refused', async () => {
    const orgId = await openOrg();
    const other = connect(db.urls.control);
    const sealing = await heldTransaction(connect(db.urls.control), sealIn(orgId));
    const making = sqlStateOfFailure(other`
      select ingest.put_transit_key(${orgId}, ${newUuidV7()}, ${Buffer.alloc(32)}, ${Buffer.alloc(60)},
        ${Buffer.alloc(16)})`);
    await untilBlocked();
    sealing.release();
    await sealing.done;
    expect(await making).toBe('ZDR02');
  });
});

describe('the copy of API keys', () => {
  const copyOf = async (key: string) =>
    (await db.sql`select org_id, logging, version from ingest.api_key_copy where api_key_id = ${key}`)[0];

  it('never lets an older version overwrite a newer one', async () => {
    const [orgId, key] = [await openOrg(), newUuidV7()];
    const control = connect(db.urls.control);
    await control`select ingest.put_api_key(${key}, ${orgId}, null, true, 5)`;
    await control`select ingest.put_api_key(${key}, ${orgId}, null, false, 6)`;
    await control`select ingest.put_api_key(${key}, ${orgId}, null, true, 5)`;
    expect(await copyOf(key)).toEqual({ org_id: orgId, logging: false, version: '6' });
  });

  it('stores no logging for a sealed organization, whatever is sent and whatever was there', async () => {
    const [orgId, before, after] = [await openOrg(), newUuidV7(), newUuidV7()];
    const control = connect(db.urls.control);
    await control`select ingest.put_api_key(${before}, ${orgId}, null, true, 5)`;
    expect((await copyOf(before))?.logging).toBe(true);
    await control`select ingest.seal_org(${orgId}, 7)`;
    await control`select ingest.put_api_key(${after}, ${orgId}, null, true, 8)`;
    await control`select ingest.put_api_key(${before}, ${orgId}, null, true, 8)`;
    expect([(await copyOf(before))?.logging, (await copyOf(after))?.logging]).toEqual([false, false]);
    const byHand = db.sql`update ingest.api_key_copy set logging = true where api_key_id = ${after}`;
    expect(await sqlStateOfFailure(byHand)).toBe('ZDR01');
  });

  it('keeps a key with its organization; a message that disagrees turns logging off', async () => {
    const [orgId, other, key] = [await openOrg(), await openOrg(), newUuidV7()];
    const control = connect(db.urls.control);
    await control`select ingest.put_api_key(${key}, ${orgId}, null, true, 5)`;
    const [answer] = await control`select ingest.put_api_key(${key}, ${other}, null, true, 6) as fits`;
    expect(answer?.fits).toBe(false);
    expect(await copyOf(key)).toEqual({ org_id: orgId, logging: false, version: '5' });
  });
});
