import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { freePort } from '@lethe/test-servers';
import { alive } from '../process-tree.js';
import { type Lethe, repositoryRoot, startLethe } from '../start-lethe.js';
import { waitFor } from '../wait-for.js';

jest.setTimeout(180_000);

/** What a careless change, or a dependency, might add: keep a copy of every request body. */
const keepBodies = (path: string): string => `
import { appendFileSync } from 'node:fs';
import { Server } from 'node:http';
const emit = Server.prototype.emit;
Server.prototype.emit = function (event, ...args) {
  if (event === 'request') args[0].on('data', (chunk) => appendFileSync(${JSON.stringify(path)}, chunk));
  return emit.call(this, event, ...args);
};
`;

describe('a router with code in it that writes bodies to a file', () => {
  let lethe: Lethe;
  let scratch: string;
  let flags: string[];
  let patched: ChildProcess | undefined;

  beforeAll(async () => {
    lethe = await startLethe();
    // The flags are those of a real start, as the system shows them.
    const [pid] = lethe.run.processes.router;
    flags = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      .split('\0')
      .filter((part) => part.startsWith('--'));
    // Inside the repository, so that the copy finds its packages; and inside what it may read.
    await mkdir(join(repositoryRoot, '.cache'), { recursive: true });
    scratch = await mkdtemp(join(repositoryRoot, '.cache', 'patched-router-'));
    await cp(join(repositoryRoot, 'apps/router/dist'), join(scratch, 'dist'), { recursive: true });
    await cp(join(repositoryRoot, 'apps/router/package.json'), join(scratch, 'package.json'));
    const modules = join(repositoryRoot, 'apps/router/node_modules');
    if (existsSync(modules)) await symlink(modules, join(scratch, 'node_modules'));
  });
  afterEach(() => {
    patched?.kill('SIGKILL');
  });
  afterAll(async () => {
    await lethe.stop();
    await rm(scratch, { recursive: true, force: true });
  });

  /** Sends one body to a patched router started with flags; what was kept of it, and what the router said. */
  const keptBy = async (nodeFlags: readonly string[]): Promise<{ kept: string; said: string }> => {
    const path = join(scratch, 'kept');
    const main = join(scratch, 'dist', 'main.js');
    const original = await readFile(join(repositoryRoot, 'apps/router/dist/main.js'), 'utf8');
    await writeFile(main, keepBodies(path) + original);
    const port = await freePort();
    const child = spawn(process.execPath, [...nodeFlags, main], { stdio: ['pipe', 'pipe', 'pipe'], env: {} });
    patched = child;
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += String(chunk);
    });
    const log = { kind: 'postgres', url: 'postgres://nobody:nothing@127.0.0.1:1/event_log' };
    child.stdin.write(
      `${JSON.stringify({
        port,
        operatorPort: await freePort(),
        routerId: 'patched',
        adminConfigGrpc: lethe.run.grpc.adminConfig,
        serviceCredential: 'lethe_svc_that_nobody_knows',
        telemetryLog: log,
        payloadLog: log,
      })}\n`,
    );
    let ready = false;
    child.stdout.once('data', () => {
      ready = true;
    });
    await waitFor(() => ready || !alive(child.pid ?? 0)).catch(() => undefined);
    if (!ready) throw new Error(`the patched router did not start: ${said}`);
    // Chunked, so that it goes through Node's own request object, which is where the copy is taken.
    const body = new Blob(['canary']).stream();
    const asked = { method: 'POST', body, duplex: 'half' } as RequestInit;
    await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, asked).catch(() => undefined);
    const kept = () => (existsSync(path) ? readFileSync(path, 'utf8') : '');
    await waitFor(
      () => kept().includes('canary') || !alive(child.pid ?? 0) || said.includes('ERR_ACCESS_DENIED'),
    );
    child.kill('SIGKILL');
    return { kept: kept(), said };
  };

  it('fails where it writes, and nothing is kept', async () => {
    expect(flags).toEqual(
      expect.arrayContaining([expect.stringMatching(/^--(?:experimental-)?permission$/)]),
    );
    const { kept, said } = await keptBy([...flags, `--allow-fs-read=${scratch}/*`]);
    expect(kept).toBe('');
    expect(said).toContain('ERR_ACCESS_DENIED');
  });

  it('would keep it without those flags (control)', async () => {
    // The router's own test of its writer, at start, is kept as well.
    expect((await keptBy([])).kept).toContain('canary');
  });
});
