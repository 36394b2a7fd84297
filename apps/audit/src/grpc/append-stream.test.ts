import * as grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { audit } from '@lethe/contracts';
import { callMetadata, createLogger, newToken, Opaque, serveGrpc, tokenSha256 } from '@lethe/service-kit';
import { verifyProof } from '@lethe/transparency-log';
import type { Intake } from '../log/intake.js';
import { StoreError } from '../store/store-error.js';
import { startAuditDatabase, type TestAuditDatabase } from '../testing/audit-database.contract.js';
import { startTestLog, type TestLog, testSigner } from '../testing/running-log.contract.js';
import { sampleRequest } from '../testing/sample-events.contract.js';
import { createAuditService } from './audit-service.js';

jest.setTimeout(90_000);

const credential = newToken('lethe_svc_');
let database: TestAuditDatabase;
let log: TestLog;
let server: { readonly port: number; close(): Promise<void> };
let client: audit.AuditClient;
/** How many more appends the log takes before it is away for one. */
let goodAppends = Number.POSITIVE_INFINITY;

beforeAll(async () => {
  database = await startAuditDatabase();
  log = await startTestLog({ url: database.url });
  const intake: Intake = {
    append: async (event, options) => {
      goodAppends -= 1;
      if (goodAppends !== -1) return await log.intake.append(event, options);
      if (options?.order !== undefined) options.order.broken = true;
      throw new StoreError('anchor_unavailable', '');
    },
  };
  const implementation = createAuditService({ ...log, intake, log: createLogger('audit', () => {}) });
  server = await serveGrpc({
    host: '127.0.0.1',
    port: 0,
    credentials: { 'admin-config': tokenSha256(credential) },
    services: [{ definition: audit.AuditService, implementation }],
  });
  client = new audit.AuditClient(`127.0.0.1:${server.port}`, grpc.credentials.createInsecure());
});
afterAll(async () => {
  client.close();
  await server.close();
  await log.stop();
  await database.stop();
});

/** Sends everything at once, closes, and gives what came back. */
const send = async (requests: readonly audit.AppendRequest[]) => {
  const stream = client.appendStream(callMetadata(new Opaque(credential)));
  const answers: audit.AppendStreamResponse[] = [];
  stream.on('data', (answer: audit.AppendStreamResponse) => answers.push(answer));
  stream.on('error', () => {});
  const status = new Promise<grpc.StatusObject>((resolve) => stream.on('status', resolve));
  for (const request of requests) stream.write(request);
  stream.end();
  const { code, details } = await status;
  return { answers, code, details };
};
const many = (count: number) => Array.from({ length: count }, () => sampleRequest());
const indexesOf = (answers: readonly audit.AppendStreamResponse[]) =>
  answers.map(({ answer }) => (answer?.$case === 'appended' ? Number(answer.value.index) : undefined));
const sizeOf = async (): Promise<number> => {
  const rows = await database.superuser<{ size: number }[]>`select size::int as size from audit.state`;
  return rows[0]?.size ?? Number.NaN;
};

describe('a stream of events', () => {
  it('enters the log in its order, with a proof of each', async () => {
    const from = await sizeOf();
    const requests = many(700);
    const { answers, code } = await send(requests);
    expect(code).toBe(grpc.status.OK);
    expect(indexesOf(answers)).toEqual(requests.map((_, at) => from + at));
    expect(answers.map(({ eventId }) => eventId)).toEqual(requests.map(({ eventId }) => eventId));
    for (const [at, { answer }] of answers.entries())
      if (answer?.$case === 'appended' && at % 50 === 0) {
        const verified = verifyProof(answer.value.proof, { logVerifierKey: testSigner.verifierKey });
        expect(verified).toMatchObject({ ok: true, index: from + at });
      }
  });

  it('has no proofs where none are wanted, also of events that are in the log already', async () => {
    const requests = many(3).map((request) => ({ ...request, withoutProof: true }));
    const first = await send(requests);
    const again = await send(requests);
    expect(indexesOf(again.answers)).toEqual(indexesOf(first.answers));
    for (const { answer } of [...first.answers, ...again.answers]) {
      expect(answer).toMatchObject({ $case: 'appended', value: { proof: '' } });
      expect(answer).toHaveProperty('value.checkpoint', expect.stringContaining('audit.'));
    }
    // Control: who asks for it gets it.
    const { answers } = await send(requests.map((request) => ({ ...request, withoutProof: false })));
    for (const { answer } of answers)
      expect(answer).toHaveProperty('value.proof', expect.stringContaining('tlog-proof'));
  });

  it('goes on past an event that is not taken, and says why', async () => {
    const [first, second, third] = many(3) as [audit.AppendRequest, audit.AppendRequest, audit.AppendRequest];
    const { answers, code } = await send([first, { ...second, event: Buffer.from('{}') }, third]);
    expect(code).toBe(grpc.status.OK);
    const refused = answers.find(({ eventId }) => eventId.equals(second.eventId));
    expect(refused?.answer).toMatchObject({
      $case: 'refused',
      value: { code: grpc.status.INVALID_ARGUMENT, details: expect.stringContaining('schema') },
    });
    expect(answers).toHaveLength(3);
  });

  it('ends at the first failure, and nothing that was sent after it enters the log', async () => {
    const from = await sizeOf();
    const requests = many(600);
    goodAppends = 100;
    const { code, details, answers } = await send(requests);
    expect({ code, details }).toEqual({
      code: grpc.status.UNAVAILABLE,
      details: 'the anchor cannot be written',
    });
    expect(answers.length).toBeLessThanOrEqual(100);
    expect(await sizeOf()).toBeLessThanOrEqual(from + 100);
    // Sent again, all of them enter, in their order.
    const again = await send(requests);
    expect(again.code).toBe(grpc.status.OK);
    expect(indexesOf(again.answers)).toEqual(requests.map((_, at) => from + at));
  });

  it('is refused to who may not append', async () => {
    const stream = client.appendStream(callMetadata(new Opaque(newToken('lethe_svc_'))));
    stream.on('error', () => {});
    const status = new Promise<grpc.StatusObject>((resolve) => stream.on('status', resolve));
    stream.on('data', () => {});
    stream.end();
    expect((await status).code).toBe(grpc.status.UNAUTHENTICATED);
  });
});
