import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type postgres from 'postgres';
import { type Cluster, outcomeOf, startCluster } from './cluster.js';
import { ids, putPayload, sealOrg, seed } from './seed.js';

const { openOrg, openKey, openUser, openTransit, openGroup, fresh } = ids;
const put = putPayload(openOrg, fresh, openKey, openTransit);

const enable = `update config.organization set zdr_enabled_at = now(), zdr_version = 2, zdr_keys_forced_off = 1,
  zdr_event_id = '${fresh}', default_logging = false, allow_logging_change = false where id = '${openOrg}'`;
const quiet = `update config.api_key set logging = false where id = '${openKey}';
  delete from config.transit_key where org_id = '${openOrg}'`;

describe('races with the moment of ZDR', () => {
  let cluster: Cluster;
  let sessions: postgres.Sql[];
  beforeEach(async () => {
    cluster = await startCluster();
    await seed(cluster);
    sessions = [];
  }, 120_000);
  afterEach(async () => {
    await Promise.all(sessions.map((sql) => sql.end({ timeout: 1 })));
    await cluster.stop();
  });

  const session = (role: Parameters<Cluster['connect']>[0]): postgres.Sql => {
    const sql = cluster.connect(role);
    sessions.push(sql);
    return sql;
  };

  /** Until somebody waits for a lock. */
  const someoneWaits = async (): Promise<void> => {
    for (;;) {
      const rows = await cluster.server.sql`select 1 from pg_locks where not granted`;
      if (rows.length > 0) return;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };

  const items = async (): Promise<number> => {
    const [row] = await cluster.superuser.accounting`select count(*)::int as n from payload.item
      where org_id = ${openOrg} and insight_id = ${fresh}`;
    return Number(row?.n);
  };

  it('A: a payload that arrives while sealing is not committed waits, and is refused', async () => {
    const [control, payload] = [session('lethe_accounting_control'), session('lethe_payload_w')];
    await control`begin`;
    await sealOrg(control, openOrg, 2);
    const arriving = outcomeOf(payload.unsafe(put));
    await someoneWaits();
    await control`commit`;
    expect(await arriving).toBe('ZDR02');
    expect(await items()).toBe(0);
  });

  it('B: with a plain read and a foreign key instead, the same payload is kept after sealing: the fence is what counts', async () => {
    const { accounting } = cluster.superuser;
    await accounting.unsafe(`alter table payload.item add foreign key (org_id) references ingest.org_gate (org_id);
      create or replace function payload.check_gate(p_org uuid) returns void language plpgsql security definer as $$
      begin
        if (select sealed from ingest.org_gate where org_id = p_org) is distinct from false then
          raise exception 'payload refused' using errcode = 'ZDR02';
        end if;
      end $$`);
    const [control, payload] = [session('lethe_accounting_control'), session('lethe_payload_w')];
    await payload`begin`;
    await payload.unsafe(put);
    // Sealing neither sees it nor waits for it: it has returned before the payload is there.
    await sealOrg(control, openOrg, 2);
    expect(await items()).toBe(0);
    await payload`commit`;
    expect(await items()).toBe(1);
  });

  it('C: sealing waits for a payload transaction that has begun, and returns after it', async () => {
    const [control, payload] = [session('lethe_accounting_control'), session('lethe_payload_w')];
    await payload`begin`;
    await payload.unsafe(put);
    let sealed = false;
    const sealing = sealOrg(control, openOrg, 2).then(() => {
      sealed = true;
    });
    await someoneWaits();
    expect(sealed).toBe(false);
    await payload`commit`;
    await sealing;
    expect(await items()).toBe(1);
    expect(await outcomeOf(payload.unsafe(put.replace(fresh, openGroup)))).toBe('ZDR02');
    const keys = await cluster.superuser
      .accounting`select 1 from ingest.transit_key where org_id = ${openOrg}`;
    expect(keys).toHaveLength(0);
  });

  it('RR: a payload whose snapshot is older than sealing is refused for its isolation', async () => {
    const [control, payload] = [session('lethe_accounting_control'), session('lethe_payload_w')];
    await payload`begin isolation level repeatable read`;
    await payload`select 1`;
    await sealOrg(control, openOrg, 2);
    expect(await outcomeOf(payload.unsafe(put))).toBe('ZDR03');
  });

  it('a key that began to log, out of sight of an older snapshot, keeps ZDR from being committed with it', async () => {
    const [enabling, other] = [session('lethe_admin'), session('lethe_admin')];
    const attempt = async (): Promise<string> => {
      await other.unsafe(quiet);
      await enabling`begin isolation level repeatable read`;
      await enabling`select 1 from config.organization`;
      await other`update config.api_key set logging = true where id = ${openKey}`;
      const outcome = await outcomeOf(enabling.unsafe(enable));
      await enabling.unsafe(outcome === 'done' ? 'commit' : 'rollback');
      return outcome;
    };
    expect(await attempt()).toBe('ZDR07');
    expect(
      await cluster.superuser.config`select 1 from config.organization o join config.api_key k
      on k.org_id = o.id where o.zdr_enabled_at is not null and k.logging`,
    ).toHaveLength(0);
    // Without the check of the isolation, the database takes both.
    await cluster.superuser.config`alter table config.organization disable trigger guard_isolation`;
    expect(await attempt()).toBe('done');
    expect(
      await cluster.superuser.config`select 1 from config.organization o join config.api_key k
      on k.org_id = o.id where o.zdr_enabled_at is not null and k.logging`,
    ).toHaveLength(1);
  });

  it('a key that is being switched on while ZDR is being committed waits, and is refused', async () => {
    const [enabling, other] = [session('lethe_admin'), session('lethe_admin')];
    await other.unsafe(quiet);
    await enabling`begin`;
    await enabling.unsafe(enable);
    const attempts = [
      `update config.api_key set logging = true where id = '${openKey}'`,
      `insert into config.api_key (id, org_id, owner_user_id, name, logging, created_at)
        values ('${fresh}', '${openOrg}', '${openUser}', 'k', true, now())`,
      `insert into config.transit_key (transit_key_id, org_id, public_key, current, config_version, created_at)
        values ('${fresh}', '${openOrg}', decode(repeat('07', 32), 'hex'), true, 2, now())`,
    ];
    const waiting = attempts.map((statement) => outcomeOf(session('lethe_admin').unsafe(statement)));
    for (;;) {
      const rows = await cluster.server.sql`select 1 from pg_locks where not granted and locktype <> 'tuple'`;
      const queued = await cluster.server.sql`select 1 from pg_locks where not granted`;
      if (rows.length > 0 && queued.length >= attempts.length) break;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await enabling`commit`;
    expect(await Promise.all(waiting)).toEqual(['ZDR03', 'ZDR03', 'ZDR05']);
  });

  it('settings that a role may give itself change nothing of the fence', async () => {
    const [control, payload] = [session('lethe_accounting_control'), session('lethe_payload_w')];
    await payload.unsafe("alter role lethe_payload_w set default_transaction_isolation = 'repeatable read'");
    await payload.unsafe("alter role lethe_payload_w set search_path = 'pg_temp, payload'");
    await sealOrg(control, openOrg, 2);
    expect(await outcomeOf(session('lethe_payload_w').unsafe(put))).toBe('ZDR03');
    await payload.unsafe('alter role lethe_payload_w reset default_transaction_isolation');
    expect(await outcomeOf(session('lethe_payload_w').unsafe(put))).toBe('ZDR02');
  });

  it('what the control role may say of a ZDR organization never opens it', async () => {
    const control = session('lethe_accounting_control');
    const { zdrOrg, zdrKey } = ids;
    const gate = () =>
      cluster.superuser
        .accounting`select sealed, sealed_version from ingest.org_gate where org_id = ${zdrOrg}`;
    const before = await gate();
    await control.unsafe(`select ingest.open_org('${zdrOrg}')`);
    await sealOrg(control, zdrOrg, 99);
    expect(await gate()).toEqual(before);
    const logging = (key: string) =>
      cluster.superuser.accounting`select org_id, logging from ingest.api_key_copy where api_key_id = ${key}`;
    await control.unsafe(`select ingest.put_api_key('${zdrKey}', '${zdrOrg}', null, true, 99)`);
    expect(await logging(zdrKey)).toMatchObject([{ org_id: zdrOrg, logging: false }]);
    await control.unsafe(`select ingest.put_api_key('${zdrKey}', '${openOrg}', null, true, 100)`);
    expect(await logging(zdrKey)).toMatchObject([{ org_id: zdrOrg, logging: false }]);
    // The same call for a key of an open organization switches it on.
    await control.unsafe(`select ingest.put_api_key('${openKey}', '${openOrg}', null, true, 100)`);
    expect(await logging(openKey)).toMatchObject([{ org_id: openOrg, logging: true }]);
  });
});
