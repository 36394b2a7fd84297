import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { ask, askChat, contentOf, jsonOf } from '../test-client.js';
import { decodeJson, type JsonObject, objectOr } from './json-codec.js';
import { startSimulatedProvider } from './simulated-provider.js';

let folder: string;
let program: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'simulated-provider-'));
  program = join(folder, 'main.mjs');
  await build({
    entryPoints: [new URL('main.ts', import.meta.url).pathname],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

async function launch(env: Record<string, string>): Promise<{ child: ChildProcess; line: JsonObject }> {
  const child = spawn(process.execPath, [program], { env, stdio: 'pipe' });
  running.push(child);
  const said = once(child.stdout, 'data');
  const failed = once(child.stderr, 'data');
  const [bytes] = (await Promise.race([said, failed])) as [Buffer];
  return { child, line: objectOr(decodeJson(bytes)) };
}

describe('the program', () => {
  it('says when it is ready, serves, and ends on SIGTERM', async () => {
    const { child, line } = await launch({ PORT: '0', KEEP_LAST: '1', SEED: 's' });
    expect(line).toEqual({ ready: true, port: expect.any(Number) });
    const url = `http://127.0.0.1:${line.port}`;
    expect(contentOf(jsonOf(await askChat(url, 'echo')))).toBe('Hello there');
    expect((await ask(`${url}/__last`)).status).toBe(200);
    const hanging = askChat(url, 'fault-hang').catch(() => 'dropped');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(await hanging).toBe('dropped');
  });

  it('ends with its stdin when it was launched by a pipe, and not otherwise', async () => {
    const piped = await launch({ PORT: '0', LAUNCHED_BY_PIPE: '1' });
    const exited = once(piped.child, 'exit');
    piped.child.stdin?.end();
    expect(await exited).toEqual([0, null]);

    const alone = await launch({ PORT: '0' });
    alone.child.stdin?.end();
    expect((await askChat(`http://127.0.0.1:${alone.line.port}`, 'echo')).status).toBe(200);
    expect(alone.child.exitCode).toBeNull();
  });

  it('names every variable that it cannot use, and no value', async () => {
    const { child, line } = await launch({ PORT: 'seventy', CHUNK_DELAY_MS: '-1', KEEP_LAST: 'yes' });
    expect(line).toMatchObject({ ready: false, code: 'config_invalid' });
    const text = JSON.stringify(line.problems);
    for (const name of ['PORT', 'CHUNK_DELAY_MS', 'KEEP_LAST']) expect(text).toContain(name);
    expect(text).not.toMatch(/seventy|-1|yes/);
    expect(child.exitCode ?? (await once(child, 'exit'))[0]).toBe(1);
  });

  it('says which port is taken', async () => {
    const taken = await startSimulatedProvider();
    const { child, line } = await launch({ PORT: String(taken.port) });
    expect(line).toEqual({ ready: false, code: 'EADDRINUSE', port: taken.port });
    expect(child.exitCode ?? (await once(child, 'exit'))[0]).toBe(1);
    await taken.close();
  });
});
