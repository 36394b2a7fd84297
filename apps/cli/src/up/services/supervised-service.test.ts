import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SupervisedService } from './supervised-service.js';

let folder: string;
const running: SupervisedService[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lethe-service-'));
});
afterEach(async () => {
  for (const service of running.splice(0)) await service.stop(0);
  await rm(folder, { recursive: true, force: true });
});

const ready = `process.stdout.write('{"ready":true}\\n');`;
const stayAlive = 'setInterval(() => {}, 1000);';

const until = async (condition: () => boolean): Promise<void> => {
  for (let round = 0; round < 1_000 && !condition(); round += 1) await pause(10);
  expect(condition()).toBe(true);
};

const service = async (program: string, onRestarted = (): void => undefined): Promise<SupervisedService> => {
  const path = join(folder, 'program.mjs');
  await writeFile(path, program);
  const made = new SupervisedService(
    {
      name: 'tested',
      argv: [path],
      env: { PATH: process.env.PATH ?? '' },
      logPath: join(folder, 'tested.log'),
    },
    onRestarted,
  );
  running.push(made);
  return made;
};
const gone = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return true;
  }
};

describe('a service under supervision', () => {
  it('gets its launch line on the pipe and nothing of it anywhere else', async () => {
    const started = await service(`
      import { readFileSync, writeFileSync } from 'node:fs';
      process.stdin.once('data', (line) => {
        writeFileSync('${folder}/seen', JSON.stringify({ line: String(line), env: process.env, argv: process.argv,
          limits: readFileSync('/proc/self/limits', 'utf8'), filter: readFileSync('/proc/self/coredump_filter', 'utf8') }));
        ${ready}
      });`);
    await started.start(() => ({ secret: 'handed over' }));
    const seen = JSON.parse(await readFile(join(folder, 'seen'), 'utf8')) as Record<string, unknown>;
    expect(seen.line).toBe('{"secret":"handed over"}\n');
    expect(JSON.stringify([seen.env, seen.argv])).not.toContain('handed over');
    expect(seen.limits).toMatch(/Max core file size\s+0\s+0/);
    expect(Number.parseInt(String(seen.filter), 16)).toBe(0);
  });

  it('may be prepared: it loads its code and is ready once it was told the rest', async () => {
    const started = await service(`process.stdin.once('data', () => { ${ready} });`);
    started.prepare();
    const { pid } = started;
    expect(pid).toBeGreaterThan(0);
    await started.start(() => ({}));
    expect(started.pid).toBe(pid);
  });

  it('is started again when it dies, with another pid, which is told once it is ready', async () => {
    let restarts = 0;
    const started = await service(`${ready} ${stayAlive}`, () => {
      restarts += 1;
    });
    await started.start(() => ({ secret: 'handed over' }));
    const pids = [started.pid];
    for (const expected of [1, 2]) {
      process.kill(started.pid, 'SIGKILL');
      await until(() => restarts === expected);
      pids.push(started.pid);
    }
    expect(new Set(pids).size).toBe(3);
    expect(pids.map(gone)).toEqual([true, true, false]);
  });

  it('is handed over something new for each process', async () => {
    const started = await service(`
      import { appendFileSync } from 'node:fs';
      process.stdin.once('data', (line) => {
        appendFileSync('${folder}/seen', line);
        ${ready}
      });
      ${stayAlive}`);
    let made = 0;
    await started.start(() => {
      made += 1;
      return { made };
    });
    process.kill(started.pid, 'SIGKILL');
    const seen = (): string => readFileSync(join(folder, 'seen'), { encoding: 'utf8', flag: 'a+' });
    await until(() => seen().split('\n').length > 2);
    expect(seen()).toBe('{"made":1}\n{"made":2}\n');
  });

  it('is not started again when the first start fails, and its log is named', async () => {
    const started = await service(`process.stderr.write('why it failed\\n'); process.exit(3);`);
    await expect(started.start(() => ({ secret: 'handed over' }))).rejects.toMatchObject({
      message: 'tested did not get ready (exit code 3).',
      next: expect.stringContaining(join(folder, 'tested.log')),
    });
    expect(await readFile(join(folder, 'tested.log'), 'utf8')).toBe('why it failed\n');
  });

  it('does not count as ready with any other line', async () => {
    const started = await service(`process.stdout.write('{"ready":false}\\n'); ${stayAlive}`);
    await expect(started.start(() => ({ secret: 'handed over' }))).rejects.toMatchObject({ name: 'Problem' });
    await until(() => gone(started.pid));
  });

  it('gets the time it is given to stop, and is killed after it', async () => {
    const polite = await service(`process.on('SIGTERM', () => process.exit(0)); ${ready} ${stayAlive}`);
    await polite.start(() => ({ secret: 'handed over' }));
    await polite.stop(10_000);
    expect(gone(polite.pid)).toBe(true);
    const stubborn = await service(`process.on('SIGTERM', () => {}); ${ready} ${stayAlive}`);
    await stubborn.start(() => ({ secret: 'handed over' }));
    await stubborn.stop(50);
    expect(gone(stubborn.pid)).toBe(true);
  });

  it('stays away when it is stopped while it waits for its next attempt', async () => {
    let restarts = 0;
    const started = await service(`${ready} process.exit(1);`, () => {
      restarts += 1;
    });
    await started.start(() => ({ secret: 'handed over' }));
    await until(() => restarts > 0 && gone(started.pid));
    await started.stop(1_000);
    const [last, count] = [started.pid, restarts];
    await pause(800);
    expect([started.pid, restarts]).toEqual([last, count]);
  });

  it('may print without end after it is ready', async () => {
    const started = await service(`
      ${ready}
      let left = 200;
      const more = () => { if (left-- > 0) process.stdout.write('x'.repeat(65536), more); else process.stderr.write('done'); };
      more(); ${stayAlive}`);
    await started.start(() => ({ secret: 'handed over' }));
    await until(() =>
      readFileSync(join(folder, 'tested.log'), { encoding: 'utf8', flag: 'a+' }).includes('done'),
    );
  });

  describe('that has workers', () => {
    /** Starts two processes that hang, and names them before it is ready. */
    const withWorkers = `
      import { spawn } from 'node:child_process';
      const start = () => spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"],
        { stdio: 'ignore' }).pid;
      const tell = (workers) => process.stdout.write(JSON.stringify({ workers }) + '\\n');
      const workers = [start(), start()];
      process.on('SIGUSR2', () => { workers.push(start()); tell(workers); });
      tell(workers);
      ${ready}
      ${stayAlive}`;

    it('names them as the processes that serve, and says when there are others', async () => {
      let changes = 0;
      const started = await service(withWorkers, () => {
        changes += 1;
      });
      await started.start(() => ({}));
      expect(started.servingPids).toHaveLength(2);
      expect(started.servingPids).not.toContain(started.pid);
      expect(changes).toBe(1);
      process.kill(started.pid, 'SIGUSR2');
      await until(() => changes === 2);
      expect(started.servingPids).toHaveLength(3);
      expect(started.servingPids.some(gone)).toBe(false);
    });

    it('leaves none of them when it is stopped, even when they hang', async () => {
      const started = await service(withWorkers);
      await started.start(() => ({}));
      const workers = started.servingPids;
      expect(workers.map(gone)).toEqual([false, false]);
      await started.stop(100);
      await until(() => workers.every(gone));
    });

    it('leaves none of them that outlived its own death', async () => {
      let restarts = 0;
      const started = await service(withWorkers, () => {
        restarts += 1;
      });
      await started.start(() => ({}));
      const [first, workers] = [started.pid, started.servingPids];
      restarts = 0;
      process.kill(first, 'SIGKILL');
      await until(() => restarts >= 2 && started.pid !== first);
      expect(workers.map(gone)).toEqual([false, false]);
      await started.stop(100);
      await until(() => workers.every(gone));
    });

    it('leaves none of them that hang for long after its own death', async () => {
      const started = await service(withWorkers);
      await started.start(() => ({}));
      const workers = started.servingPids;
      process.kill(started.pid, 'SIGKILL');
      await until(() => workers.every(gone));
      expect(gone(started.pid)).toBe(false);
    });
  });

  it('is itself the process that serves when it names no others', async () => {
    const started = await service(`${ready} ${stayAlive}`);
    await started.start(() => ({}));
    expect(started.servingPids).toEqual([started.pid]);
  });
});
