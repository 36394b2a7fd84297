import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '@lethe/service-kit';
import { WorkerPool } from './worker-pool.js';

/** A worker that is no router: it answers every request with its pid, and counts it. */
const program = `
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
let requests = 0;
const lines = createInterface({ input: process.stdin });
const told = [];
lines.on('line', (line) => {
  told.push(line);
  writeFileSync(new URL('./told-' + process.pid, import.meta.url), told.join('\\n'));
  if (told.length > 1) return;
  const launched = JSON.parse(line);
  if (launched.fails) process.exit(3);
  const server = createServer((request, response) => {
    requests += 1;
    if (request.url === '/hang') process.off('message', answer);
    if (request.url === '/crash') process.exit(1);
    response.end(String(process.pid));
  });
  server.listen(launched.port, '127.0.0.1', () => process.stdout.write('{"ready":true}\\n'));
});
const answer = ({ question }) => process.send({ question, ready: true, figures: [{ name: 'lethe_router_requests_total',
  type: 'counter', aggregator: 'sum', values: [{ labels: {}, value: requests }] }] });
process.on('message', answer);
lines.once('close', () => process.exit(0));
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lethe-workers-'));
  await writeFile(join(folder, 'worker.mjs'), program);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const pools: WorkerPool[] = [];
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.stop(0);
});

let port = 21_000 + (process.pid % 5_000);
const logged: string[] = [];
const poolOf = (workers: number, launched: object = {}) => {
  port += 1;
  const told: (readonly number[])[] = [];
  const pool = new WorkerPool({
    program: join(folder, 'worker.mjs'),
    workers,
    routerId: 'router-1',
    launched: { port, ...launched },
    log: createLogger('router', (line) => logged.push(line)),
    onChange: (pids) => told.push(pids),
  });
  pools.push(pool);
  return { pool, told };
};

const ask = (path = '/'): Promise<number> =>
  new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: false });
    get(`http://127.0.0.1:${port}${path}`, { agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () => resolve(Number(text)));
      response.on('error', reject);
    }).on('error', reject);
  });

const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  for (let round = 0; round < 1_000; round += 1) {
    if (await condition()) return;
    await pause(10);
  }
  throw new Error('it did not happen in time');
};
const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
const valuesOf = async (pool: WorkerPool, name: string): Promise<number[]> =>
  (await pool.sample()).sources
    .flat()
    .filter((each) => each.name === name)
    .flatMap(({ values }) => values.map(({ value }) => value));

describe('several workers', () => {
  it('get the connections in turn: of 200, each of four at least 15 %', async () => {
    const { pool } = poolOf(4);
    expect(await pool.start()).toBe(true);
    const served = new Map<number, number>();
    for (let round = 0; round < 10; round += 1)
      for (const pid of await Promise.all(Array.from({ length: 20 }, () => ask())))
        served.set(pid, (served.get(pid) ?? 0) + 1);
    expect([...served.keys()].sort()).toEqual([...pool.pids].sort());
    expect(Math.min(...served.values())).toBeGreaterThanOrEqual(30);
    const counted = await valuesOf(pool, 'lethe_router_worker_requests_total');
    expect(counted.sort()).toEqual([...served.values()].sort());
  });

  it('are told on their standard input what they are, each another id; nothing of it is elsewhere', async () => {
    const { pool } = poolOf(2, { secret: 'handed-over' });
    await pool.start();
    pool.tell({ later: 'line' });
    const ids = new Set<string>();
    for (const pid of pool.pids) {
      const path = join(folder, `told-${pid}`);
      await until(async () => (await readFile(path, 'utf8')).includes('later'));
      const [first = '', second] = (await readFile(path, 'utf8')).split('\n');
      const launched = JSON.parse(first) as { secret: string; workers: number; routerId: string };
      expect(launched).toMatchObject({ secret: 'handed-over', workers: 1, port });
      expect(second).toBe('{"later":"line"}');
      ids.add(launched.routerId);
      const outside = await Promise.all(
        ['cmdline', 'environ'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8')),
      );
      expect(outside.join()).not.toContain('handed-over');
    }
    expect(ids.size).toBe(2);
  });

  it('are replaced when they crash, told the same with a new id; the others serve on and no count is lost', async () => {
    const { pool, told } = poolOf(3);
    await pool.start();
    pool.tell({ later: 'line' });
    const before = pool.pids;
    for (let asked = 0; asked < 6; asked += 1) await ask();
    expect((await pool.sample()).ready).toBe(3);
    await expect(ask('/crash')).rejects.toThrow();
    await until(() => told.at(-1)?.length === 2);
    const left = pool.pids;
    expect(before).toEqual(expect.arrayContaining([...left]));
    for (let asked = 0; asked < 6; asked += 1) expect(left).toContain(await ask());
    await until(() => pool.pids.length === 3);
    const [fresh] = pool.pids.filter((pid) => !before.includes(pid));
    const idIn = async (pid: number | undefined): Promise<unknown> => {
      const [first = '{}'] = (await readFile(join(folder, `told-${pid}`), 'utf8')).split('\n');
      return (JSON.parse(first) as { routerId?: string }).routerId;
    };
    const [gone] = before.filter((pid) => !left.includes(pid));
    expect(await idIn(fresh)).not.toBe(await idIn(gone));
    await until(async () => (await readFile(join(folder, `told-${fresh}`), 'utf8')).includes('later'));
    expect(told.at(-1)).toEqual(pool.pids);
    const requests = await valuesOf(pool, 'lethe_router_requests_total');
    expect(requests.reduce((sum, value) => sum + value, 0)).toBe(12);
    expect((await valuesOf(pool, 'lethe_router_worker_replaced_total')).sort()).toEqual([0, 0, 1]);
    expect(logged.some((line) => line.includes('"worker.ended"') && line.includes('"exitCode":1'))).toBe(
      true,
    );
  });

  it('may be too busy to answer: the others are shown in time, and its counts stay', async () => {
    const { pool } = poolOf(2);
    await pool.start();
    await ask();
    await ask();
    expect((await pool.sample()).ready).toBe(2);
    await ask('/hang');
    const sinceMs = performance.now();
    const [one, other] = await Promise.all([pool.sample(), pool.sample()]);
    expect(performance.now() - sinceMs).toBeLessThan(5_000);
    expect(one).toBe(other);
    expect(one.ready).toBe(1);
    const requests = await valuesOf(pool, 'lethe_router_requests_total');
    expect(requests.reduce((sum, value) => sum + value, 0)).toBeGreaterThanOrEqual(2);
  });

  it('leave none behind: not after a stop, and not after a start that failed', async () => {
    const { pool } = poolOf(2);
    await pool.start();
    const { pids } = pool;
    expect(pids.map(alive)).toEqual([true, true]);
    await pool.stop(5_000);
    expect(pids.map(alive)).toEqual([false, false]);
    const failing = poolOf(2, { fails: true });
    expect(await failing.pool.start()).toBe(false);
    expect(failing.told).toEqual([]);
  });
});
