import { cp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { asSuperuser } from '@lethe/leak-prover';
import { type Lethe, newHome, startLethe } from '../../start-lethe.js';
import { chat, getJson, http } from '../../support/http.js';
import { superuserOf } from '../../support/superuser.js';
import { waitFor } from '../../wait-for.js';
import { pinnedLogOf, readCheckpoint } from '../checker/note.js';
import { fetchCheckpoint } from '../checker/read-log.js';
import { runCli } from '../world/run-program.js';
import { makeOrganization, manage, type TestOrganization } from './management.js';

const SLUG = 'set-back';

/** The owner of the server makes the configuration forget that an organization gave payload up. */
const forgetZdr = (home: string, orgId: string): Promise<void> =>
  asSuperuser(superuserOf(home), 'config', async (sql) => {
    const triggers = await sql<{ name: string }[]>`
      select quote_ident(tgname) as name from pg_trigger
      where tgrelid = 'config.organization'::regclass and not tgisinternal`;
    for (const { name } of triggers)
      await sql.unsafe(`alter table config.organization disable trigger ${name}`);
    const { count } = await sql`
      update config.organization
      set zdr_enabled_at = null, zdr_version = null, zdr_keys_forced_off = null, zdr_event_id = null,
        zdr_evidence = null, zdr_effective_event_id = null, zdr_effective_at = null
      where id = ${orgId}`;
    if (count !== 1) throw new Error('the organization is not there');
    for (const { name } of triggers)
      await sql.unsafe(`alter table config.organization enable always trigger ${name}`);
  });

describe('a Lethe whose databases were set back', () => {
  let home: string;
  let lethe: Lethe;
  let org: TestOrganization;
  let kept: string;
  const retention = async (): Promise<string> => {
    const body = { model: 'sim/echo', messages: [{ role: 'user', content: 'ping' }] };
    const answer = await chat(lethe.run.router, org.apiKey, body);
    return String(answer.headers['x-lethe-retention']);
  };
  const eventsOf = async (type: string): Promise<{ event: { subject: string } }[]> => {
    const page = await getJson<{ data: { event: { subject: string } }[] }>(
      `${lethe.run.audit}/v1/audit/events?type=${type}`,
      lethe.run.operatorToken,
    );
    return page.data;
  };

  beforeAll(async () => {
    home = await newHome();
    kept = `${home}-kept`;
    lethe = await startLethe({ home });
    org = await makeOrganization(lethe.run, SLUG, 'word');
    await waitFor(async () =>
      (await eventsOf('apikey.created')).some(({ event }) => event.subject.endsWith(org.apiKeyId)),
    );
    // The control: until ZDR this key does log.
    await waitFor(async () => (await retention()) === 'payload', 20_000, 100);
    await lethe.stop();
    await cp(join(home, 'postgres'), join(kept, 'postgres'), { recursive: true });
    lethe = await startLethe({ home });
    await manage(lethe.run, org.adminToken, ['POST', '/v1/manage/org/zdr', { confirm: SLUG }]);
    await waitFor(async () => (await retention()) === 'telemetry', 20_000, 100);
  }, 180_000);
  afterAll(async () => {
    await lethe?.stop();
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
    await rm(kept, { recursive: true, force: true });
  });

  it('whoever watches it keeps a checkpoint', async () => {
    const watched = await runCli([
      'audit',
      'watch',
      '--once',
      '--keep',
      join(kept, 'checkpoints'),
      '--url',
      lethe.run.audit,
      '--key',
      lethe.run.auditVerifierKey ?? '',
    ]);
    expect(watched).toMatchObject({ code: 0 });
  });

  it('the configuration alone: the tombstone tells, and the organization keeps what it was promised', async () => {
    expect(await eventsOf('zdr.rollback_detected')).toEqual([]);
    await forgetZdr(home, org.orgId);
    process.kill(lethe.readRun()?.processes['admin-config'] ?? 0, 'SIGKILL');
    const [detected] = await waitFor(
      async () => {
        const events = await eventsOf('zdr.rollback_detected').catch(() => []);
        return events.length > 0 && events;
      },
      60_000,
      200,
    );
    expect(detected?.event.subject).toBe(`organization/${org.orgId}`);
    expect(await retention()).toBe('telemetry');
  }, 90_000);

  it('all databases together: audit signs and answers nothing, and the tombstones still hold', async () => {
    const before = await fetchCheckpoint(lethe.run.audit);
    await lethe.stop();
    await rm(join(home, 'postgres'), { recursive: true });
    await cp(join(kept, 'postgres'), join(home, 'postgres'), { recursive: true });
    lethe = await startLethe({ home });
    const { audit, auditVerifierKey } = lethe.run;
    await waitFor(async () => (await http(`${audit}/readyz`)).status === 503, 10_000);
    const metrics = (await http(`${audit}/metrics`)).body.toString();
    expect(metrics).toMatch(/^lethe_audit_fork_guard(?:\{[^}]*\})? 1$/m);
    expect((await http(`${audit}/checkpoint`)).status).toBe(503);
    const log = await readFile(join(home, 'logs', 'audit.log'), 'utf8');
    expect(log).toMatch(/"level":"error"[^\n]*(?:behind|fork)/);
    await waitFor(async () => (await retention()) === 'telemetry', 20_000, 100);

    // Without its anchors audit would go on as if nothing had been: then those outside still see it.
    await lethe.stop();
    await rm(join(home, 'anchors', 'checkpoints'), { recursive: true });
    lethe = await startLethe({ home });
    const pinned = pinnedLogOf(auditVerifierKey ?? '');
    const after = readCheckpoint(await fetchCheckpoint(lethe.run.audit), pinned);
    expect(after?.size).toBeGreaterThan(0);
    expect(readCheckpoint(before, pinned)?.size).toBeGreaterThan(0);
    const watched = await runCli([
      'audit',
      'watch',
      '--once',
      '--keep',
      join(kept, 'checkpoints'),
      '--url',
      lethe.run.audit,
      '--key',
      auditVerifierKey ?? '',
    ]);
    expect(watched).toMatchObject({ code: 1 });
  }, 180_000);
});
