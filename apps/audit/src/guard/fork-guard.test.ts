import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { makeSigner } from '@lethe/transparency-log';
import { startAuditDatabase, type TestAuditDatabase } from '../testing/audit-database.contract.js';
import { eventually } from '../testing/eventually.contract.js';
import { type KeptState, keepState } from '../testing/kept-state.contract.js';
import {
  makeAnchorsFolder,
  startTestLog,
  type TestLog,
  testOrigin,
  testSigner,
} from '../testing/running-log.contract.js';

jest.setTimeout(120_000);

let server: TestAuditDatabase;
let anchorsFolder: string;
let older: KeptState;
const running: TestLog[] = [];

const start = async (
  options: Partial<Parameters<typeof startTestLog>[0]> = {},
  untilReady = true,
): Promise<TestLog> => {
  const log = await startTestLog({ url: server.url, anchorsFolder, ...options }, untilReady);
  running.push(log);
  return log;
};
const stopAll = async (): Promise<void> => {
  for (const log of running.splice(0)) await log.stop();
};
const sizeOf = async (): Promise<number> =>
  (await server.superuser`select size::int as size from audit.state`)[0]?.size as number;
const guardMetric = async (log: TestLog): Promise<string | undefined> =>
  /^lethe_audit_fork_guard\{[^}]*\} (\d)$/m.exec(await log.registry.metrics())?.[1];

/** That the log neither takes nor shows anything, and says why. */
const expectStopped = async (log: TestLog, reason: string): Promise<void> => {
  expect(await log.isReady()).toBe(false);
  const size = await sizeOf();
  await expect(log.append()).rejects.toMatchObject({ reason });
  await expect(log.reader.newestCheckpoint()).rejects.toMatchObject({ reason });
  await expect(log.reader.proofOf(0)).rejects.toMatchObject({ reason });
  await expect(log.reader.tile({ level: 0, index: 0, width: 1 })).rejects.toMatchObject({ reason });
  expect(await sizeOf()).toBe(size);
  expect(await guardMetric(log)).toBe('1');
  const said = log.said.filter((line) => line.includes('log.stopped'));
  expect(said).toHaveLength(1);
  expect(said[0]).toContain(`"fault":"${reason}"`);
  expect(said[0]).toContain('"action":"');
};

beforeAll(async () => {
  server = await startAuditDatabase();
  anchorsFolder = await makeAnchorsFolder();
  const log = await start();
  for (let i = 0; i < 5; i++) await log.append();
  await stopAll();
  older = await keepState(server.server);
});
afterAll(async () => {
  await stopAll();
  await older.remove();
  await server.stop();
  await rm(anchorsFolder, { recursive: true, force: true });
});

describe('the fork guard', () => {
  it('lets a log go on that nobody touched', async () => {
    const log = await start();
    for (let i = 0; i < 4; i++) await log.append();
    expect(await guardMetric(log)).toBe('0');
    await stopAll();
    expect((await (await start()).append()).index).toBe(9);
    await stopAll();
  });

  it('stops a log whose database was set back, at start and while it runs, until the newer one is there', async () => {
    const newer = await keepState(server.server);
    const log = await start();
    await older.restore();
    await eventually(async () => log.keeper.fault === 'log_behind');
    await expectStopped(log, 'log_behind');
    const late = await start({}, false);
    await eventually(async () => late.keeper.fault === 'log_behind');
    await expectStopped(late, 'log_behind');
    await newer.restore();
    await eventually(log.isReady);
    expect((await log.append()).index).toBe(10);
    expect(await guardMetric(log)).toBe('0');
    await newer.remove();
    await stopAll();
  });

  it('stops a log that was set back and went on elsewhere, however long it has become', async () => {
    const genuine = await keepState(server.server);
    await older.restore();
    // Without its anchors the same log goes on: it is them that notice.
    const forked = await start({ anchorsFolder: await makeAnchorsFolder() });
    for (let i = 0; i < 20; i++) await forked.append();
    await stopAll();
    const log = await start({}, false);
    await eventually(async () => log.keeper.fault === 'log_forked');
    await expectStopped(log, 'log_forked');
    await stopAll();
    await genuine.restore();
    await genuine.remove();
    expect((await (await start()).append()).index).toBe(11);
    await stopAll();
  });

  it.each([
    ['a node that proofs need', "update audit.node set hash = sha256('other') where level = 3 and n = 0"],
    ['the root', "update audit.state set root = sha256('other')"],
    ['a node that is gone', 'delete from audit.node where level = 3 and n = 0'],
    [
      'the newest note',
      "update audit.checkpoint set note = 'other' where size = (select size from audit.state)",
    ],
  ])('stops at start when a superuser changed %s', async (_what, statement) => {
    const genuine = await keepState(server.server);
    await server.superuser.begin(async (transaction) => {
      for (const table of ['node', 'state', 'checkpoint'])
        await transaction.unsafe(`alter table audit.${table} disable trigger all`);
      expect((await transaction.unsafe(statement)).count).toBe(1);
    });
    const log = await start({}, false);
    await eventually(async () => log.keeper.fault === 'log_forked');
    await expectStopped(log, 'log_forked');
    await stopAll();
    await genuine.restore();
    await genuine.remove();
  });

  it('does not take anchors of another log or key for its own', async () => {
    const stranger = makeSigner(testOrigin, Buffer.alloc(32, 8));
    const log = await start({ signers: [stranger] }, false);
    await eventually(async () => log.keeper.fault !== 'unavailable');
    expect(await log.isReady()).toBe(false);
    await expect(log.append()).rejects.toMatchObject({ name: 'StoreError' });
    await stopAll();
    // A rotation: both sign, and from then on the new one alone is enough.
    const both = await start({ signers: [testSigner, stranger] });
    await both.append();
    await stopAll();
    await (await start({ signers: [stranger] })).append();
    await stopAll();
  });
});
