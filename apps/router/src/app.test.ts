import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  decodePack,
  decodeSealedPayload,
  decodeTelemetry,
  newUuidV7,
  type SealedPayloadRecord,
  type Telemetry,
  uuidBytes,
  type policy as wire,
} from '@lethe/contracts';
import { readEventLogMigrations } from '@lethe/event-log/migrations';
import { readObjectStoreMigrations } from '@lethe/object-store/migrations';
import { generateTransitKeyPair, openPayload, unsealContentKey } from '@lethe/sealed-payload';
import { createLogger, type RunningService, tokenSha256Hex } from '@lethe/service-kit';
import { startTestPostgres, type TestPostgres } from '@lethe/test-servers';
import { startRouter } from './app.js';
import { readRouterConfig } from './config.js';
import { until } from './testing/leased-router.js';
import {
  deltaMessage,
  keyMessage,
  orgMessage,
  snapshotMessage,
  someOrgId,
} from './testing/policy-messages.js';
import { type ScriptedAdmin, type ScriptedStream, startScriptedAdmin } from './testing/scripted-admin.js';
import { ScriptedProvider } from './testing/scripted-provider.js';

// A whole router with its real event log and object store, and an admin-config that says what the test tells it to.

const canary = 'CANARY-7f1f';
const secret = 'sk-lethe-of-this-test';
const transit = generateTransitKeyPair();
const transitKeyId = newUuidV7();
const apiKeyId = newUuidV7();
const key = (change: Partial<wire.ApiKeyPolicy> = {}): wire.ApiKeyPolicy =>
  keyMessage({
    apiKeyId: uuidBytes(apiKeyId),
    keySha256: Buffer.from(tokenSha256Hex(secret), 'hex'),
    logging: true,
    sealingKey: { transitKeyId: uuidBytes(transitKeyId), publicKey: transit.publicKey },
    ...change,
  });

let server: TestPostgres;
let admin: ScriptedAdmin;
let provider: ScriptedProvider;
let router: RunningService;
let ready: () => boolean = () => false;
let metrics: () => Promise<string> = async () => '';
let port = 0;
const lines: string[] = [];

const database = async (name: string, migrations: readonly { readonly sql: string }[], role: string) => {
  const sql = await server.createDatabase(name);
  for (const migration of migrations) await sql.begin((transaction) => transaction.unsafe(migration.sql));
  return { sql, config: { kind: 'postgres' as const, url: (await server.login(role)).url(name) } };
};
type Sql = Awaited<ReturnType<typeof database>>['sql'];
let logSql: Sql;
let objectSql: Sql;

const freePort = async (): Promise<number> => {
  const spare = await ScriptedProvider.start();
  const { port: free } = new URL(spare.target.origin);
  spare.stop();
  return Number(free);
};

beforeAll(async () => {
  server = await startTestPostgres();
  provider = await ScriptedProvider.start();
  admin = await startScriptedAdmin((stream) => {
    stream.grants = { ttlMs: 4_000, version: 1n };
    const providerAccounts = [
      {
        providerAccountId: 'a',
        provider: 'sim',
        baseUrl: provider.target.origin,
        credential: 'sk-provider',
        orgId: Buffer.alloc(0),
        region: 'local',
      } as wire.ProviderAccount,
    ];
    stream.send({ $case: 'snapshot', value: snapshotMessage(1n, { apiKeys: [key()], providerAccounts }) });
  });
  const log = await database('event_log', await readEventLogMigrations(), 'lethe_router_log');
  const objects = await database('object_store', await readObjectStoreMigrations(), 'lethe_router_objects');
  [logSql, objectSql] = [log.sql, objects.sql];
  port = await freePort();
  const config = readRouterConfig({
    port,
    operatorPort: 0,
    routerId: 'router-1',
    adminConfigGrpc: admin.address,
    serviceCredential: admin.credential.reveal(),
    telemetryLog: log.config,
    payloadLog: log.config,
    objectStore: objects.config,
  });
  router = await startRouter(
    config,
    createLogger('router', (line) => lines.push(line)),
    {
      operator: async (needs) => {
        ready = needs.ready;
        metrics = () => needs.metrics.metrics();
        return { close: async () => undefined };
      },
    },
  );
  await until(() => ready());
  while (!/lethe_router_gate_open\{[^}]*\} 1/.test(await metrics())) await new Promise(setImmediate);
}, 60_000);
afterAll(async () => {
  await router?.stop();
  await admin?.close();
  provider?.stop();
  await server?.stop();
});

const post = (streaming: boolean): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'sim/echo',
      stream: streaming,
      messages: [{ role: 'user', content: canary }],
    }),
  });
const rows = async (topic: string): Promise<Buffer[]> => {
  const found = await logSql<{ value: Buffer }[]>`select value from event_log.record where topic = ${topic}`;
  return found.map(({ value }) => value);
};
const telemetryOf = async (requestId: string | null): Promise<Telemetry> => {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    for (const value of await rows('lethe.insight.telemetry.v1')) {
      for (const { bytes } of decodePack(value)) {
        const decoded = decodeTelemetry(bytes ?? Buffer.alloc(0));
        if (decoded.ok && decoded.telemetry.insightId === requestId) return decoded.telemetry;
      }
    }
  }
};
const payloads = async (): Promise<SealedPayloadRecord[]> =>
  (await rows('lethe.insight.payload.v1')).flatMap((value) => {
    const decoded = decodeSealedPayload(value);
    return decoded.ok ? [decoded.payload] : [];
  });
const objects = () => objectSql<{ key: string; body: Buffer }[]>`select key, body from object_store.piece`;
const answer = (text: string): string =>
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`;

describe('a router, from a grant to Zero Data Retention', () => {
  it('control: under a grant the payload is in the log and the raw body in the store, and both can be opened', async () => {
    const said = JSON.stringify({ choices: [{ finish_reason: 'stop', message: { content: canary } }] });
    provider.answer = (socket) => socket.write(answer(said));
    const response = await post(false);
    await response.text();
    const telemetry = await telemetryOf(response.headers.get('x-lethe-request-id'));
    expect([response.status, telemetry.retentionDecision]).toEqual([200, 'payload']);
    let found: SealedPayloadRecord[] = [];
    while (found.length === 0) found = await payloads();
    const [payload] = found;
    const [object] = await objects();
    const reference = payload?.rawRequest;
    if (payload === undefined || reference === undefined || object === undefined)
      throw new Error('nothing stored');
    expect([payload.insightId, reference.objectKey]).toEqual([telemetry.insightId, object.key]);
    const binding = {
      orgId: uuidBytes(payload.orgId),
      insightId: uuidBytes(payload.insightId),
      policyVersion: payload.policyVersion,
    };
    const by = { transitKeyId: uuidBytes(transitKeyId), privateKey: transit.privateKey };
    const opened = (['payload', 'raw'] as const).map((kind) => {
      const sealed = kind === 'raw' ? { nonce: reference.nonce, ciphertext: object.body } : payload;
      const contentKey = (kind === 'raw' ? reference : payload).contentKey;
      const unsealed = unsealContentKey(contentKey, by, { ...binding, kind });
      return openPayload(sealed, unsealed, { ...binding, kind, transitKeyId: by.transitKeyId }).toString(
        'latin1',
      );
    });
    for (const text of opened) expect(text).toContain(canary);
    expect(object.body.includes(canary)).toBe(false);
  });

  it('R5: a stream that ZDR overtakes, and a request after it, leave telemetry alone; the router acknowledged at once', async () => {
    const before = (await payloads()).length;
    const event = (content: string): string =>
      `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`;
    let finish = (): void => undefined;
    provider.answer = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n');
      socket.write(event(canary));
      finish = () => {
        socket.write(`${event(canary)}data: [DONE]\n\n`);
        socket.end();
      };
    };
    const response = await post(true);
    expect(response.headers.get('x-lethe-retention')).toBe('payload');
    const stream = admin.streams[0] as ScriptedStream;
    stream.grants = { ttlMs: 4_000, version: 2n };
    stream.send({
      $case: 'delta',
      value: deltaMessage(1n, 2n, {
        organizations: [orgMessage({ zdr: true })],
        apiKeys: [key({ logging: false, sealingKey: undefined })],
        zdrOrgIds: [uuidBytes(someOrgId)],
      }),
    });
    // What streams is not under way to a log: nothing to wait for.
    await until(() => stream.of('ack').some(({ version }) => version === 2n));
    finish();
    await response.text();
    const overtaken = await telemetryOf(response.headers.get('x-lethe-request-id'));
    expect(overtaken).toMatchObject({
      outcome: 'success',
      retentionDecision: 'telemetry',
      retentionReason: 'zdr',
    });
    provider.answer = (socket) => socket.write(answer('{}'));
    const after = await post(false);
    await after.text();
    expect(after.headers.get('x-lethe-retention')).toBe('telemetry');
    expect(await telemetryOf(after.headers.get('x-lethe-request-id'))).toMatchObject({
      retentionReason: 'zdr',
    });
    expect([(await payloads()).length, (await objects()).length, admin.streams.length]).toEqual([
      before,
      1,
      1,
    ]);
    expect(lines.join('')).not.toContain(canary);
  });
});
