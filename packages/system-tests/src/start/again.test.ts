import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { alive, commandOf, descendantsOf, killAll } from '../process-tree.js';
import { type Lethe, newHome, type RunJson, readRunFile, spawnLethe, startLethe } from '../start-lethe.js';
import { waitFor } from '../wait-for.js';

jest.setTimeout(300_000);

let folder: string;
let home: string;
let lethe: Lethe | undefined;
beforeEach(async () => {
  folder = await newHome();
  home = folder;
});
afterEach(async () => {
  await lethe?.kill();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});
const start = async (args: readonly string[] = []): Promise<Lethe> => {
  lethe = await startLethe({ home, args });
  return lethe;
};

/** Sends one chat request; the status and what was answered. */
const chat = async (run: RunJson, key: string | undefined): Promise<unknown> => {
  const response = await fetch(`${run.router}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'sim/echo', messages: [{ role: 'user', content: 'ping' }] }),
  });
  return { status: response.status, body: await response.json() };
};
const answered = { status: 200, body: { choices: [{ message: { content: 'ping' } }] } };
const withoutAddresses = (run: RunJson) => ({
  operatorToken: run.operatorToken,
  organizations: run.organizations,
});
const listed = async (run: RunJson): Promise<number> => {
  const response = await fetch(`${run.accounting}/v1/requests`, {
    headers: { authorization: `Bearer ${run.organizations[0]?.adminToken}` },
  });
  const { data } = (await response.json()) as { data: unknown[] };
  return data.length;
};

describe('stopping', () => {
  it('takes at most 5 seconds, leaves no process and removes run.json; the next start finds everything', async () => {
    const first = await start();
    expect(await chat(first.run, first.run.organizations[0]?.keys.quiet)).toMatchObject(answered);
    await waitFor(async () => (await listed(first.run)) === 1);
    const processes = first.processes();
    expect(processes.length).toBeGreaterThan(5);
    const { exitCode, tookMs, left } = await first.stop();
    process.stderr.write(`stopped in ${(tookMs / 1000).toFixed(1)} s\n`);
    expect({ exitCode, left }).toEqual({ exitCode: 0, left: [] });
    expect(tookMs).toBeLessThan(5_000);
    expect(processes.filter(alive)).toEqual([]);
    expect((await readdir(home)).sort()).toEqual(['anchors', 'logs', 'postgres', 'secrets.json']);

    const second = await start();
    process.stderr.write(`second start: ready in ${(second.startedInMs / 1000).toFixed(1)} s\n`);
    expect(withoutAddresses(second.run)).toEqual(withoutAddresses(first.run));
    expect(await listed(second.run)).toBe(1);
    expect(await chat(second.run, first.run.organizations[1]?.keys.default)).toMatchObject(answered);
  });

  it('waits for no request that does not end', async () => {
    const { run } = await start();
    const hanging = fetch(`${run.router}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${run.organizations[0]?.keys.quiet}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({
        model: 'sim/fault-hang',
        stream: true,
        messages: [{ role: 'user', content: 'x' }],
      }),
    }).then(
      (response) => response.text().catch(() => 'cut'),
      () => 'cut',
    );
    const provider = `http://127.0.0.1:${Number(new URL(run.router).port) + 10}`;
    const inProvider = async (): Promise<boolean> => {
      const { data } = (await (await fetch(`${provider}/__ledger`)).json()) as { data: { open: boolean }[] };
      return data.some(({ open }) => open);
    };
    await waitFor(inProvider);
    const { exitCode, tookMs, left } = (await lethe?.stop()) ?? {};
    process.stderr.write(`stopped with an open request in ${((tookMs ?? 0) / 1000).toFixed(1)} s\n`);
    expect({ exitCode, left }).toEqual({ exitCode: 0, left: [] });
    expect(tookMs).toBeLessThan(5_000);
    await hanging;
    // Cut off by the stop, it was at work all the same: its bill is there afterwards.
    const next = await start();
    const billed = async (): Promise<boolean> => {
      const response = await fetch(`${next.run.accounting}/v1/requests?model=sim/fault-hang`, {
        headers: { authorization: `Bearer ${next.run.organizations[0]?.adminToken}` },
      });
      const { data } = (await response.json()) as { data: { outcome: string; usage_source: string }[] };
      return data.some((row) => row.outcome === 'client_aborted' && row.usage_source === 'estimated');
    };
    await waitFor(billed);
  });

  it('works in the middle of a start', async () => {
    const { child } = spawnLethe(['up'], { LETHE_HOME: home, LETHE_PORT_BASE: '0' });
    await waitFor(() => existsSync(join(home, 'postgres', 'data', 'postmaster.pid')));
    const processes = descendantsOf(child.pid ?? 0);
    child.kill('SIGINT');
    await waitFor(() => child.exitCode !== null);
    expect(child.exitCode).toBe(0);
    expect(processes.filter(alive)).toEqual([]);
    expect(existsSync(join(home, 'run.json'))).toBe(false);
    const next = await start();
    expect(await chat(next.run, next.run.organizations[0]?.keys.quiet)).toMatchObject(answered);
  });
});

describe('after kill -9', () => {
  it('of the whole tree, the next start works with the same keys', async () => {
    const first = await start();
    await first.kill();
    expect(existsSync(join(home, 'run.json'))).toBe(true);
    const second = await start();
    expect(withoutAddresses(second.run)).toEqual(withoutAddresses(first.run));
    expect(await chat(second.run, first.run.organizations[0]?.keys.logging)).toMatchObject(answered);
  });

  it('of the launcher alone, the services and the database end by themselves', async () => {
    const first = await start();
    const processes = first.processes();
    process.kill(first.pid, 'SIGKILL');
    await waitFor(() => !processes.some(alive));
    await start();
  });

  it.each(['router', 'admin-config', 'accounting', 'audit'] as const)(
    'of %s, it is started again and run.json has the new pid',
    async (name) => {
      const { run, readRun } = await start();
      const pidOf = (of: RunJson | undefined): number => [of?.processes[name] ?? 0].flat()[0] ?? 0;
      const before = pidOf(run);
      process.kill(before, 'SIGKILL');
      const now = await waitFor(() => {
        const read = readRun();
        return pidOf(read) !== before && read;
      });
      expect(alive(pidOf(now))).toBe(true);
      expect({ ...now, processes: undefined }).toEqual({ ...run, processes: undefined });
      await waitFor(async () => {
        const answer = await chat(now, now.organizations[0]?.keys.quiet).catch(() => undefined);
        return (answer as { status?: number } | undefined)?.status === 200;
      });
    },
  );

  it.each(['home', `home-${'long'.repeat(30)}`])(
    'of the database (in %s), it comes back and so does everything that needs it',
    async (name) => {
      // A path too long for a socket puts the socket elsewhere, under a name that is new each time.
      home = join(home, name);
      const { run, processes } = await start();
      const [postmaster] = processes().filter((pid) =>
        commandOf(pid).includes(join(home, 'postgres', 'data')),
      );
      await killAll([postmaster ?? -1]);
      await chat(run, run.organizations[0]?.keys.quiet);
      await waitFor(async () => (await listed(run).catch(() => 0)) === 1);
      expect(await lethe?.stop()).toMatchObject({ exitCode: 0, left: [] });
    },
  );
});

describe('--reset', () => {
  it('deletes nothing where nobody can be asked', async () => {
    const first = await start();
    await first.stop();
    const { child, printed } = spawnLethe(['up', '--reset'], { LETHE_HOME: home, LETHE_PORT_BASE: '0' });
    await waitFor(() => child.exitCode !== null);
    expect(child.exitCode).toBe(1);
    expect(printed.progress).toContain('--yes');
    expect(existsSync(join(home, 'postgres', 'data'))).toBe(true);
  });

  it('with --yes starts afresh', async () => {
    const first = await start();
    await chat(first.run, first.run.organizations[0]?.keys.quiet);
    await first.stop();
    const second = await start(['--reset', '--yes']);
    expect(second.run.operatorToken).not.toBe(first.run.operatorToken);
    expect(await listed(second.run)).toBe(0);
    expect(await chat(second.run, first.run.organizations[0]?.keys.quiet)).toMatchObject({ status: 401 });
  });

  it('is refused while it runs', async () => {
    const { pid } = await start();
    const { child, printed } = spawnLethe(['up', '--reset', '--yes'], {
      LETHE_HOME: home,
      LETHE_PORT_BASE: '0',
    });
    await waitFor(() => child.exitCode !== null);
    expect(printed.progress).toContain(`process ${pid}`);
    expect(readRunFile(home)).toBeDefined();
  });
});
