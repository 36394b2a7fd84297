import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { audit, identity, newUuidV7, type Uuid, uuidBytes, uuidText } from '@lethe/contracts';
import { callMetadata, callUnary, newToken, Opaque, serveGrpc, tokenSha256 } from '@lethe/service-kit';
import { freePort } from '@lethe/test-servers';
import { verifyProof } from '@lethe/transparency-log';
import { build, type Plugin } from 'esbuild';
import { startAuditDatabase, type TestAuditDatabase } from './testing/audit-database.contract.js';
import { startAuditLog, type TestAuditLog } from './testing/audit-log.contract.js';
import { eventually } from './testing/eventually.contract.js';
import { testOrigin, testSigner } from './testing/running-log.contract.js';
import { changedRequest, type JsonObject, sampleRequest } from './testing/sample-events.contract.js';

jest.setTimeout(120_000);

const orgId = newUuidV7();
const tokens = {
  admin: newToken('lethe_mgmt_'),
  auditor: newToken('lethe_mgmt_'),
  member: newToken('lethe_mgmt_'),
  foreign: newToken('lethe_mgmt_'),
  operator: newToken('lethe_ops_'),
};
const credentials = {
  audit: newToken('lethe_svc_'),
  'admin-config': newToken('lethe_svc_'),
  accounting: newToken('lethe_svc_'),
  router: newToken('lethe_svc_'),
};
const hex = (token: string): string => tokenSha256(token).toString('hex');

/** Admin-config as far as audit sees it: who a token belongs to. */
const startIdentity = () => {
  const roles: [string, identity.Role, Uuid][] = [
    [tokens.admin, identity.Role.ROLE_ADMIN, orgId],
    [tokens.auditor, identity.Role.ROLE_AUDITOR, orgId],
    [tokens.member, identity.Role.ROLE_MEMBER, orgId],
    [tokens.foreign, identity.Role.ROLE_ADMIN, newUuidV7()],
  ];
  const implementation: identity.IdentityServer = {
    authenticate: (call, callback) => {
      const found = roles.find(([token]) => tokenSha256(token).equals(call.request.tokenSha256));
      callback(null, {
        found: found !== undefined,
        role: found?.[1] ?? identity.Role.ROLE_UNSPECIFIED,
        orgId: found === undefined ? Buffer.alloc(0) : uuidBytes(found[2]),
        orgSlug: 'demo',
        tokenId: Buffer.alloc(0),
        userId: Buffer.alloc(0),
        ownApiKeyIds: [],
        adminGroupIds: [],
        emailDigest: '',
        ipDigest: '',
      });
    },
  };
  return serveGrpc({
    host: '127.0.0.1',
    port: 0,
    credentials: { audit: tokenSha256(credentials.audit) },
    services: [{ definition: identity.IdentityService, implementation }],
  });
};

/** House packages are taken from their sources, all others from node_modules. */
const othersExternal: Plugin = {
  name: 'others-external',
  setup: (setup) => {
    setup.onResolve({ filter: /^[^.]/ }, ({ path, kind }) =>
      path.startsWith('@lethe/') || kind === 'entry-point' ? undefined : { path, external: true },
    );
  },
};

let folder: string;
let database: TestAuditDatabase;
let log: TestAuditLog;
let identityServer: Awaited<ReturnType<typeof startIdentity>>;
let launch: { restPort: number; grpcPort: number } & Record<string, unknown>;
let child: ChildProcess;
let output = '';

const start = async (): Promise<string> => {
  child = spawn(process.execPath, [join(folder, 'main.mjs')], { stdio: 'pipe', env: {} });
  child.stderr?.on('data', (bytes: Buffer) => {
    output += bytes.toString();
  });
  if (child.stdout === null) throw new Error('no stdout');
  const said = once(createInterface({ input: child.stdout }), 'line');
  child.stdin?.write(`${JSON.stringify(launch)}\n`);
  const [line] = (await Promise.race([said, once(child, 'exit')])) as [string];
  return String(line);
};

const client = (credential: string) => {
  const made = new audit.AuditClient(`127.0.0.1:${launch.grpcPort}`, grpc.credentials.createInsecure());
  return (request: audit.AppendRequest): Promise<audit.AppendResponse> =>
    callUnary(made.append.bind(made), request, callMetadata(new Opaque(credential)), 5000).finally(() =>
      made.close(),
    );
};
const append = (request: audit.AppendRequest, as: keyof typeof credentials = 'admin-config') =>
  client(credentials[as])(request);
const getProof = (eventId: Buffer): Promise<audit.GetProofResponse> => {
  const made = new audit.AuditClient(`127.0.0.1:${launch.grpcPort}`, grpc.credentials.createInsecure());
  const metadata = callMetadata(new Opaque(credentials['admin-config']));
  return callUnary(made.getProof.bind(made), { eventId }, metadata, 5000).finally(() => made.close());
};
const tombstones = async (): Promise<unknown[]> => {
  const made = new audit.AuditClient(`127.0.0.1:${launch.grpcPort}`, grpc.credentials.createInsecure());
  const all: unknown[] = [];
  const call = made.listTombstones({}, callMetadata(new Opaque(credentials['admin-config'])));
  for await (const tombstone of call as AsyncIterable<audit.Tombstone>)
    all.push({ orgId: uuidText(tombstone.orgId), shredHistory: tombstone.shredHistory });
  made.close();
  return all;
};
const get = (path: string, token: string) =>
  fetch(`http://127.0.0.1:${launch.restPort}${path}`, { headers: { authorization: `Bearer ${token}` } });

beforeAll(async () => {
  // Within the workspace, so that the packages outside the house are found from there.
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
  [database, log, identityServer] = await Promise.all([
    startAuditDatabase(),
    startAuditLog(),
    startIdentity(),
  ]);
  launch = {
    host: '127.0.0.1',
    restPort: await freePort(),
    grpcPort: await freePort(),
    serviceCredential: credentials.audit,
    callers: { 'admin-config': hex(credentials['admin-config']), accounting: hex(credentials.accounting) },
    operatorTokenSha256: hex(tokens.operator),
    database: { url: database.url },
    auditLog: log.config,
    adminConfigGrpc: `127.0.0.1:${identityServer.port}`,
    signing: { origin: testOrigin, seeds: ['07'.repeat(32)] },
    anchorsFolder: join(folder, 'anchors'),
  };
});
afterAll(async () => {
  child?.kill('SIGKILL');
  await identityServer.close();
  await database.stop();
  await log.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('the process', () => {
  it('starts, takes events from those who may, and shows them to those who may', async () => {
    expect(await start()).toMatch(/^\{"ready":true,"service":"audit","pid":\d+\}$/);
    const request = sampleRequest({ orgId });
    const answer = await append(request);
    expect(answer.index).toBe(0n);
    expect(verifyProof(answer.proof, { logVerifierKey: testSigner.verifierKey })).toMatchObject({
      ok: true,
      index: 0,
    });
    expect(answer.proof.endsWith(answer.checkpoint)).toBe(true);
    expect(await append(request, 'accounting')).toEqual(answer);
    expect(await getProof(request.eventId)).toEqual(answer);
    await expect(getProof(uuidBytes(newUuidV7()))).rejects.toMatchObject({ status: grpc.status.NOT_FOUND });
    await expect(append(sampleRequest(), 'router')).rejects.toMatchObject({
      status: grpc.status.UNAUTHENTICATED,
    });

    const id = JSON.parse(request.event.toString()).id;
    const statusOf = async (token: string) => (await get(`/v1/audit/events/${id}`, token)).status;
    expect(await statusOf(tokens.admin)).toBe(200);
    expect(await statusOf(tokens.auditor)).toBe(200);
    expect(await statusOf(tokens.operator)).toBe(200);
    expect(await statusOf(tokens.member)).toBe(403);
    expect(await statusOf(tokens.foreign)).toBe(404);
    expect(await statusOf('lethe_mgmt_unknown')).toBe(401);
    await eventually(async () => (await log.published()).some((published) => published.id === id));
    expect((await get('/readyz', '')).status).toBe(200);
    expect(await (await get('/metrics', '')).text()).toContain('lethe_audit_appended_total');
  });

  it('keeps a tombstone of an organization that gave payload up, and lists it without its database', async () => {
    expect(await tombstones()).toEqual([]);
    const zdrOrg = newUuidV7();
    const target = { kind: 'organization', id: zdrOrg } as const;
    const after = { shred_history: true };
    await append(sampleRequest({ type: 'zdr.enabled', orgId: zdrOrg, target, before: {}, after }));
    const buried = [{ orgId: zdrOrg, shredHistory: true }];
    expect(await tombstones()).toEqual(buried);
    await database.server.kill();
    expect(await tombstones()).toEqual(buried);
    await database.server.restart();
    await eventually(async () => (await get('/readyz', '')).status === 200);
  });

  it('refuses with a status and a constant text, and takes nothing', async () => {
    const sized = { ...sampleRequest(), event: Buffer.alloc(60_001, ' ') };
    const canary = changedRequest((event: JsonObject) => {
      event.subject = 'a sentence with a canary in it';
    });
    for (const request of [sized, canary])
      await expect(append(request)).rejects.toMatchObject({ status: grpc.status.INVALID_ARGUMENT });
    const taken = sampleRequest();
    await append(taken);
    const other = sampleRequest({ eventId: JSON.parse(taken.event.toString()).id });
    await expect(append(other)).rejects.toMatchObject({ status: grpc.status.ALREADY_EXISTS });
    const page = await (await get('/v1/audit/events', tokens.operator)).json();
    expect((page as { data: unknown[] }).data).toHaveLength(3);
    expect(output).not.toContain('canary');
  });

  it('goes on after a kill, and stops within its time on SIGTERM and when its launcher is gone', async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
    await start();
    expect((await append(sampleRequest())).index).toBe(3n);
    const stopping = performance.now();
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    await start();
    child.stdin?.end();
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(performance.now() - stopping).toBeLessThan(12_000);
  });

  it('answers UNAVAILABLE while its database is away, and works when that is back', async () => {
    await start();
    await database.server.kill();
    await expect(append(sampleRequest())).rejects.toMatchObject({ retriable: true });
    expect((await get('/v1/audit/events', tokens.operator)).status).toBe(503);
    expect((await get('/readyz', '')).status).toBe(503);
    await database.server.restart();
    await eventually(() =>
      append(sampleRequest()).then(
        ({ index }) => index > 3n,
        () => false,
      ),
    );
  });

  it('names the settings that are wrong and none of their values', async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
    output = '';
    launch = {
      ...launch,
      database: { url: '' },
      operatorTokenSha256: 'canary',
      signing: { origin: 'a canary', seeds: ['canary'] },
      anchorsFolder: 'canary',
      witnesses: [{ url: 'canary', verifierKey: 'canary' }],
      witnessQuorum: -1,
    };
    await start();
    for (const name of [
      'signing.origin',
      'signing.seeds.0',
      'anchorsFolder',
      'witnesses.0.url',
      'witnesses.0.verifierKey',
      'witnessQuorum',
    ])
      expect(output).toContain(name);
    expect(output).toContain('database.url');
    expect(output).toContain('operatorTokenSha256');
    expect(output).not.toContain('canary');
  });
});
