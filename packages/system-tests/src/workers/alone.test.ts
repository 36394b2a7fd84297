import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { freePort } from '@lethe/test-servers';
import { alive, descendantsOf, killAll } from '../process-tree.js';
import { repositoryRoot } from '../start-lethe.js';
import { http } from '../support/http.js';
import { waitFor } from '../wait-for.js';
import { totalOf, valuesOf } from './operator-port.js';

jest.setTimeout(120_000);

let folder: string;
let pem: { readonly certificatePem: string; readonly privateKeyPem: string };
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lethe-workers-tls-'));
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', 'key.pem'];
  const certificate = ['-x509', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const out = ['-out', 'cert.pem', '-days', '2'];
  execFileSync('openssl', ['req', ...key, ...certificate, ...out], { cwd: folder, stdio: 'ignore' });
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  pem = { certificatePem: read('cert.pem'), privateKeyPem: read('key.pem') };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const started: number[] = [];
afterEach(() => killAll(started.splice(0).flatMap((pid) => [pid, ...descendantsOf(pid)])));

/** A router as a container would start it, with nobody behind it: no policy and no event log. */
const start = async (more: object) => {
  const [port, operatorPort] = [await freePort(), await freePort()];
  const child = spawn(process.execPath, [join(repositoryRoot, 'apps/router/dist/main.js')], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {},
  });
  const pid = child.pid ?? 0;
  started.push(pid);
  const printed = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    printed.out += String(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    printed.err += String(chunk);
  });
  const log = { kind: 'postgres', url: 'postgres://nobody:nothing@127.0.0.1:1/event_log' };
  const launch = {
    port,
    operatorPort,
    routerId: 'alone',
    adminConfigGrpc: '127.0.0.1:1',
    serviceCredential: 'lethe_svc_that_nobody_knows',
    telemetryLog: log,
    payloadLog: log,
    ...more,
  };
  child.stdin.write(`${JSON.stringify(launch)}\n`);
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null;
  await waitFor(() => ended() || printed.out.includes('"ready":true'), 60_000);
  return { child, pid, port, operator: `http://127.0.0.1:${operatorPort}`, printed, ended };
};

/** One request on a connection of its own; resolves to the status. */
const secureStatus = (port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: false, ca: pem.certificatePem });
    const url = `https://127.0.0.1:${port}/v1/chat/completions`;
    const options = { method: 'POST', agent, headers: { authorization: 'Bearer sk-lethe-x' } };
    const asked = request(url, options, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode ?? 0));
    });
    asked.once('error', reject);
    asked.end(JSON.stringify({ model: 'sim/echo', messages: [] }));
  });

describe('a router of several workers without a launcher of ours', () => {
  it('serves HTTPS in every worker', async () => {
    const { port, operator } = await start({ workers: 2, publicTls: pem });
    // It has no policy, so this is its answer to a key that it cannot know.
    for (let asked = 0; asked < 6; asked += 1) expect(await secureStatus(port)).toBe(503);
    await expect(http(`http://127.0.0.1:${port}/v1/models`)).rejects.toThrow();
    const counts = async () => [...(await valuesOf(operator, 'lethe_router_worker_requests_total')).values()];
    const sum = async () => (await counts()).reduce((total, count) => total + count, 0);
    await waitFor(async () => (await sum()) >= 6);
    expect(Math.min(...(await counts()))).toBeGreaterThan(0);
  });

  it('is alive but not ready while none of its workers has a policy', async () => {
    const { operator } = await start({ workers: 2 });
    expect((await http(`${operator}/healthz`)).status).toBe(200);
    expect((await http(`${operator}/readyz`)).status).toBe(503);
    expect(await totalOf(operator, 'lethe_router_workers')).toBe(2);
    expect(await totalOf(operator, 'lethe_router_workers_ready')).toBe(0);
  });

  it.each(['the end of its standard input', 'SIGTERM'])('ends with all its workers at %s', async (how) => {
    const { child, pid, ended } = await start({ workers: 2 });
    const workers = descendantsOf(pid);
    expect(workers).toHaveLength(2);
    if (how === 'SIGTERM') child.kill('SIGTERM');
    else child.stdin.end();
    await waitFor(ended, 6_000);
    expect(child.exitCode).toBe(0);
    expect(workers.filter(alive)).toEqual([]);
  });

  it('tells which processes serve, before it says that it is ready', async () => {
    const { pid, printed } = await start({ workers: 2 });
    const lines = printed.out.trim().split('\n');
    const told = lines.slice(0, -1).map((line) => (JSON.parse(line) as { workers: number[] }).workers);
    expect([...(told.at(-1) ?? [])].sort()).toEqual(descendantsOf(pid).sort());
    expect(lines.at(-1)).toContain('"ready":true');
  });

  it('does not start with a number of workers that makes no sense, and names it', async () => {
    const { child, printed, ended } = await start({ workers: 65 });
    expect(ended()).toBe(true);
    expect(child.exitCode).toBe(1);
    expect(printed.err).toContain('workers: too_big');
  });

  it('does not start when its port is taken, and leaves no worker', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { child, pid, ended } = await start({ workers: 2, port });
    server.close();
    await waitFor(ended);
    expect(child.exitCode).toBe(1);
    expect(descendantsOf(pid)).toEqual([]);
  });
});
