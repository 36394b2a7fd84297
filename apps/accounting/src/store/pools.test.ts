import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type postgres from 'postgres';
import { type AccountingDatabase, startAccountingDatabase } from '../testing/accounting-database.contract.js';
import { openPools, type Pools } from './pools.js';
import { sqlStateOf } from './store-error.js';

let db: AccountingDatabase;
let pools: Pools;
beforeAll(async () => {
  db = await startAccountingDatabase();
  pools = openPools(db.urls);
}, 60_000);
afterAll(async () => {
  await pools?.close();
  await db?.stop();
});

/** A transaction that is in the middle of a query, and reports when it is. */
const busyTransaction = (sql: postgres.Sql, entered: () => void) =>
  sql.begin(async (tx) => {
    await tx`select 1`;
    entered();
    await tx`select pg_sleep(20)`;
  });

// What the driver does by itself, in a process of its own because it ends the process.
const bareDriver = `
  import postgres from 'postgres';
  const sql = postgres(process.argv[1], { max: 2, onnotice: () => {} });
  sql.begin(async (tx) => {
    await tx\`select 1\`;
    process.stdout.write('entered');
    await tx\`select pg_sleep(20)\`;
  }).catch(() => setTimeout(() => process.exit(0), 500));
`;

describe('a pool whose server dies in the middle of transactions', () => {
  it('rejects them, stays alive and works again', async () => {
    for (let round = 0; round < 5; round += 1) {
      let entered = 0;
      const running = [pools.control, pools.control, pools.payload, pools.read].map((sql) =>
        busyTransaction(sql, () => {
          entered += 1;
        }).then(
          () => 'committed',
          (error: unknown) => sqlStateOf(error),
        ),
      );
      while (entered < running.length) await sleep(10);
      await db.server.kill();
      for (const outcome of await Promise.all(running))
        expect(outcome).toMatch(/^(CONNECTION_CLOSED|E[A-Z]+|57P0[1-3])$/);
      await db.server.restart();
      for (const sql of [pools.control, pools.payload, pools.read]) {
        let answer: unknown;
        while (answer === undefined) answer = await sql`select 1 as one`.catch(() => undefined);
        // More at once than there are connections: none of them may be left unable to write.
        expect(await Promise.all(Array.from({ length: 20 }, () => sql`select 1 as one`))).toHaveLength(20);
      }
    }
  }, 60_000);

  it('(control) would end the process with the driver’s own socket', async () => {
    const root = new URL('../../../../', import.meta.url).pathname;
    const args = ['--input-type=module', '-e', bareDriver, db.urls.control];
    /** One try: whether it crashes depends on what the driver was writing when the server died. */
    const crashes = async (): Promise<boolean> => {
      const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
      let stderr = '';
      child.stderr.on('data', (chunk) => {
        stderr += String(chunk);
      });
      const exit = once(child, 'exit');
      await once(child.stdout, 'data');
      await db.server.kill();
      const [code] = await exit;
      await db.server.restart();
      return code !== 0 && stderr.includes('nextWrite');
    };
    let crashed = false;
    for (let tries = 0; !crashed && tries < 20; tries += 1) crashed = await crashes();
    expect(crashed).toBe(true);
  }, 120_000);
});
