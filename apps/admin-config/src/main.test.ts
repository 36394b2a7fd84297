import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { newToken, tokenSha256 } from '@lethe/service-kit';
import { freePort } from '@lethe/test-servers';
import { build, type Plugin } from 'esbuild';
import { proofOf } from './testing/audit-peer.contract.js';
import { eventually } from './testing/eventually.contract.js';
import { type Peers, startPeers } from './testing/peers.contract.js';
import { TestRouter } from './testing/sync.contract.js';
import { startWorld, type World } from './testing/world.contract.js';

jest.setTimeout(120_000);

/** The house's packages come from their sources, all others from node_modules. */
const othersExternal: Plugin = {
  name: 'others-external',
  setup: ({ onResolve }) => {
    onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === 'entry-point' || path.startsWith('@lethe/') ? undefined : { path, external: true },
    );
  },
};

interface Process {
  readonly child: ChildProcess;
  readonly stdout: string[];
  readonly stderr: string[];
  readonly exited: Promise<number | null>;
}

describe('admin-config as a process', () => {
  let world: World;
  let peers: Peers;
  let folder: string;
  let launch: Record<string, unknown>;
  let service: Process;
  const operatorToken = newToken('lethe_ops_');
  const routerToken = newToken('lethe_svc_');
  const secrets = [operatorToken, routerToken, 'provider-secret-credential'];

  beforeAll(async () => {
    // Inside the workspace, where the packages that stay outside of the bundle are found.
    const cache = new URL('../.cache/', import.meta.url).pathname;
    await mkdir(cache, { recursive: true });
    folder = await mkdtemp(join(cache, 'main-test-'));
    await build({
      entryPoints: [new URL('main.ts', import.meta.url).pathname],
      outfile: join(folder, 'main.mjs'),
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      conditions: ['development'],
      plugins: [othersExternal],
    });
    [world, peers] = await Promise.all([startWorld(), startPeers()]);
    launch = {
      host: '127.0.0.1',
      restPort: await freePort(),
      grpcPort: await freePort(),
      serviceCredential: peers.credential.reveal(),
      callers: { router: tokenSha256(routerToken).toString('hex') },
      operatorTokenSha256: tokenSha256(operatorToken).toString('hex'),
      database: { url: world.databaseUrl },
      accountingGrpc: peers.address,
      auditGrpc: peers.address,
      providerAccounts: [
        {
          providerAccountId: 'sim',
          provider: 'sim',
          baseUrl: 'http://127.0.0.1:4010/v1',
          credential: 'provider-secret-credential',
          region: '',
          proxyUrl: 'http://user:proxy-secret@127.0.0.1:3128',
          caCertificatesPem: 'an authority',
          clientCertificatePem: 'a certificate',
          clientPrivateKeyPem: 'private-key-secret',
        },
      ],
    };
  });
  afterAll(async () => {
    service?.child.kill('SIGKILL');
    await peers.close();
    await world.close();
    await rm(folder, { recursive: true, force: true });
  });

  const run = (input: unknown): Process => {
    const child = spawn(process.execPath, [join(folder, 'main.mjs')], { stdio: 'pipe', env: {} });
    const stdout: string[] = [];
    const stderr: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => stdout.push(line));
    createInterface({ input: child.stderr }).on('line', (line) => stderr.push(line));
    child.stdin.write(`${JSON.stringify(input)}\n`);
    return { child, stdout, stderr, exited: once(child, 'exit').then(([code]) => code as number | null) };
  };
  const ready = () => eventually(() => service.stdout.find((line) => line.includes('"ready":true')));
  const rest = (path: string, init: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${launch.restPort}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${operatorToken}` },
    });

  it('starts, serves REST and gRPC, and tells audit and accounting', async () => {
    service = run(launch);
    expect(JSON.parse(await ready())).toMatchObject({ ready: true, service: 'admin-config' });
    expect((await rest('/readyz')).status).toBe(200);
    const made = await rest('/v1/operator/org', {
      method: 'POST',
      body: JSON.stringify({ slug: 'acme', name: 'Acme' }),
    });
    expect(made.status).toBe(201);
    await eventually(() => (peers.received.length === 3 ? true : undefined));
    const census = peers.received.filter(({ body }) => body.includes('zdr.census'));
    const others = peers.received.filter((call) => !census.includes(call));
    expect([census.length, others.map(({ method }) => method).sort()]).toEqual([1, ['append', 'openOrg']]);
    expect(others.some(({ body }) => body.includes('"source_ip_digest":"'))).toBe(true);
    const metrics = await (await rest('/metrics')).text();
    expect(metrics).toMatch(/^lethe_admin_policy_version\{[^}]*\} 2$/m);
    expect(metrics).toMatch(/^lethe_admin_outbox_rows\{[^}]*destination="audit"[^}]*\} \d+$/m);
    const credentials = { router: { reveal: () => routerToken } };
    const router = new TestRouter({ address: `127.0.0.1:${launch.grpcPort}`, credentials } as never);
    router.hello();
    const snapshot = await router.next('snapshot');
    expect(snapshot.organizations).toHaveLength(1);
    expect(snapshot.providerAccounts[0]).toMatchObject({
      credential: 'provider-secret-credential',
      proxyUrl: 'http://user:proxy-secret@127.0.0.1:3128',
      caCertificatesPem: 'an authority',
      clientCertificatePem: 'a certificate',
      clientPrivateKeyPem: 'private-key-secret',
    });
    router.close();
  });

  it('survives a restart of the database', async () => {
    await world.postgres.kill();
    expect((await rest('/readyz')).status).toBe(503);
    expect((await rest('/healthz')).status).toBe(200);
    await world.postgres.restart();
    await eventually(async () => ((await rest('/readyz')).status === 200 ? true : undefined));
    const made = await rest('/v1/operator/org', {
      method: 'POST',
      body: JSON.stringify({ slug: 'later', name: 'Later' }),
    });
    expect(made.status).toBe(201);
    await eventually(() => (peers.received.length >= 5 ? true : undefined));
    expect(service.child.exitCode).toBeNull();
  });

  it('answers the call that enables ZDR with its proof', async () => {
    const post = async (path: string, body: unknown, token = operatorToken) => {
      const answer = await fetch(`http://127.0.0.1:${launch.restPort}${path}`, {
        ...{ method: 'POST', body: JSON.stringify(body) },
        headers: { authorization: `Bearer ${token}` },
      });
      return (await answer.json()) as Record<string, unknown>;
    };
    const { user_id } = await post('/v1/operator/org/later/member', { name: 'a', role: 'admin' });
    const { token } = await post('/v1/operator/org/later/token', { user_id, name: 't' });
    const enabled = await post('/v1/manage/org/zdr', { confirm: 'later' }, String(token));
    const audit = enabled.audit as { event_id: string; proof: string };
    expect([enabled.state, audit.proof]).toEqual(['effective', proofOf(audit.event_id)]);
  });

  it('finds everything again after a kill', async () => {
    service.child.kill('SIGKILL');
    await service.exited;
    service = run(launch);
    await ready();
    const { data } = (await (await rest('/v1/operator/org')).json()) as { data: { slug: string }[] };
    expect(data.map(({ slug }) => slug)).toEqual(['acme', 'later']);
  });

  it('ends with its launcher, in time', async () => {
    const began = performance.now();
    service.child.stdin?.end();
    expect(await service.exited).toBe(0);
    expect(performance.now() - began).toBeLessThan(4500);
  });

  it('ends on SIGTERM while a router is connected', async () => {
    service = run(launch);
    await ready();
    const credentials = { router: { reveal: () => routerToken } };
    const router = new TestRouter({ address: `127.0.0.1:${launch.grpcPort}`, credentials } as never);
    router.hello();
    await router.next('snapshot');
    service.child.kill('SIGTERM');
    expect(await service.exited).toBe(0);
    router.close();
  });

  it('names every problem of its configuration and no value', async () => {
    const broken = run({ ...launch, restPort: 'provider-secret-credential', extra: 1, auditGrpc: undefined });
    expect(await broken.exited).toBe(1);
    const said = broken.stderr.join('\n');
    expect(said).toContain('restPort: invalid_type');
    expect(said).toContain('auditGrpc: invalid_type');
    expect(said).not.toContain('provider-secret-credential');
  });

  it('fails to start, and says how, when a port is taken', async () => {
    const blocker = createServer().listen(Number(launch.restPort), '127.0.0.1');
    await once(blocker, 'listening');
    const blocked = run(launch);
    expect(await blocked.exited).toBe(1);
    expect(blocked.stderr.join('\n')).toContain('EADDRINUSE');
    blocker.close();
  });

  it('printed no secret', () => {
    const printed = [...service.stdout, ...service.stderr].join('\n');
    expect(printed.length).toBeGreaterThan(0);
    for (const secret of secrets) expect(printed).not.toContain(secret);
  });
});
