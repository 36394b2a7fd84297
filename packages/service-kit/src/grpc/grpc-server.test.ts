import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import * as grpc from '@grpc/grpc-js';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { identity, policy, type ServiceName, serviceNames } from '@lethe/contracts';
import { newToken, tokenSha256 } from '../safe/bearer.js';
import { Opaque } from '../safe/opaque.js';
import { callMetadata, callUnary, GrpcCallError } from './grpc-client.js';
import { type CallerCredentials, serveGrpc } from './grpc-server.js';

const canary = 'CANARY-7f1f';
const tokens = Object.fromEntries(serviceNames.map((name) => [name, newToken('lethe_svc_')])) as Record<
  ServiceName,
  string
>;
const credentials = Object.fromEntries(
  serviceNames.map((name) => [name, tokenSha256(tokens[name])]),
) as CallerCredentials;
const allowed = { ...identity.AuthenticateResponse.decode(Buffer.alloc(0)), found: true };

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Identity and PolicySync on one server, a method that no list names beside them, and what reached them. */
const start = async (known: CallerCredentials = credentials) => {
  const reached: string[] = [];
  const state: { answer: (callback: grpc.sendUnaryData<identity.AuthenticateResponse>) => void } = {
    answer: (callback) => callback(null, allowed),
  };
  const unlisted = {
    authenticate: { ...identity.IdentityService.authenticate, path: '/lethe.test.v1.Unlisted/Authenticate' },
  };
  const authenticate: grpc.handleUnaryCall<identity.AuthenticateRequest, identity.AuthenticateResponse> = (
    call,
    callback,
  ) => {
    reached.push(call.getPath());
    state.answer(callback);
  };
  const server = await serveGrpc({
    host: '127.0.0.1',
    port: 0,
    credentials: known,
    services: [
      { definition: identity.IdentityService, implementation: { authenticate } },
      { definition: unlisted, implementation: { authenticate } },
      {
        definition: policy.PolicySyncService,
        implementation: {
          sync: (call: grpc.ServerDuplexStream<unknown, unknown>) => {
            reached.push(call.getPath());
            call.end();
          },
          registerTransitKey: () => undefined,
        },
      },
    ],
  });
  closing.push(() => server.close());
  const address = `127.0.0.1:${server.port}`;
  const client = new identity.IdentityClient(address, grpc.credentials.createInsecure());
  const policyClient = new policy.PolicySyncClient(address, grpc.credentials.createInsecure());
  closing.push(
    () => client.close(),
    () => policyClient.close(),
  );
  const request = { tokenSha256: Buffer.alloc(32), sourceIp: '' };
  const unary = (metadata: grpc.Metadata, deadlineMs = 5_000, signal?: AbortSignal) =>
    callUnary(client.authenticate.bind(client), request, metadata, deadlineMs, signal);
  const unaryUnlisted = (metadata: grpc.Metadata) =>
    new Promise<grpc.status>((resolve) => {
      const { path, requestSerialize, responseDeserialize } = unlisted.authenticate;
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, (error) =>
        resolve(error?.code ?? grpc.status.OK),
      );
    });
  const sync = (metadata: grpc.Metadata) =>
    new Promise<grpc.status>((resolve) => {
      const stream = policyClient.sync(metadata);
      stream.on('data', () => undefined);
      stream.on('error', () => undefined);
      stream.on('status', ({ code }: grpc.StatusObject) => resolve(code));
      stream.write({ message: { $case: 'renew', value: { nonce: 1n } } });
    });
  return { server, reached, state, unary, unaryUnlisted, sync, client };
};
const as = (name: ServiceName): grpc.Metadata => callMetadata(new Opaque(tokens[name]));
const header = (value?: string): grpc.Metadata => {
  const metadata = new grpc.Metadata();
  if (value !== undefined) metadata.set('authorization', value);
  return metadata;
};
const statusOf = (call: Promise<unknown>): Promise<grpc.status> =>
  call.then(
    () => grpc.status.OK,
    (error: GrpcCallError) => error.status,
  );

describe('who may call', () => {
  it('is exactly who the method’s list names', async () => {
    const { unary, sync, reached } = await start();
    const statuses: Record<string, grpc.status[]> = {};
    for (const name of serviceNames) statuses[name] = [await statusOf(unary(as(name))), await sync(as(name))];
    const { OK, PERMISSION_DENIED } = grpc.status;
    expect(statuses).toEqual({
      router: [PERMISSION_DENIED, OK],
      'admin-config': [PERMISSION_DENIED, PERMISSION_DENIED],
      accounting: [OK, PERMISSION_DENIED],
      audit: [OK, PERMISSION_DENIED],
    });
    expect(reached.length).toBe(3);
  });

  it('is nobody where a method has no list', async () => {
    const { unaryUnlisted, reached } = await start();
    for (const name of serviceNames)
      expect(await unaryUnlisted(as(name))).toBe(grpc.status.PERMISSION_DENIED);
    expect(reached).toEqual([]);
  });

  it.each<[string, grpc.Metadata]>([
    ['no credential', header()],
    ['an empty one', header('')],
    ['another scheme', header(`Basic ${tokens.accounting}`)],
    ['a credential without a scheme', header(tokens.accounting)],
    ['an unknown one', header(`Bearer ${newToken('lethe_svc_')}`)],
    ['a part of one', header(`Bearer ${tokens.accounting.slice(0, -1)}`)],
    ['its hash', header(`Bearer ${tokenSha256(tokens.accounting).toString('hex')}`)],
    ['the name of a service', header('Bearer accounting')],
  ])('is nobody with %s', async (_what, metadata) => {
    const { unary, sync, reached } = await start();
    expect(await statusOf(unary(metadata))).toBe(grpc.status.UNAUTHENTICATED);
    expect(await sync(metadata)).toBe(grpc.status.UNAUTHENTICATED);
    expect(reached).toEqual([]);
  });

  it('is nobody whose credential this service was not given', async () => {
    const { accounting: _absent, ...others } = credentials;
    const { unary } = await start(others);
    expect(await statusOf(unary(as('accounting')))).toBe(grpc.status.UNAUTHENTICATED);
    expect(await statusOf(unary(as('audit')))).toBe(grpc.status.OK);
    const short = await start({
      accounting: tokenSha256(tokens.accounting).subarray(0, 31),
      audit: Buffer.alloc(0),
    });
    expect(await statusOf(short.unary(as('accounting')))).toBe(grpc.status.UNAUTHENTICATED);
    expect(await statusOf(short.unary(as('audit')))).toBe(grpc.status.UNAUTHENTICATED);
  });
});

describe('a failed call', () => {
  it('is its status alone: nothing of what the other side says', async () => {
    const { unary, state } = await start();
    state.answer = (callback) => callback({ code: grpc.status.INVALID_ARGUMENT, details: canary });
    const error = (await unary(as('audit')).catch((thrown: unknown) => thrown)) as GrpcCallError;
    expect(error).toMatchObject({ status: grpc.status.INVALID_ARGUMENT, retriable: false });
    expect(inspect(error, { showHidden: true, depth: null })).not.toContain('CANARY');
  });

  it('whose handler threw says nothing of it either', async () => {
    const { unary, state } = await start();
    state.answer = () => {
      throw new Error(canary);
    };
    const error = (await unary(as('audit'), 1_000).catch((thrown: unknown) => thrown)) as GrpcCallError;
    expect(error).toBeInstanceOf(GrpcCallError);
    expect(inspect(error, { showHidden: true, depth: null })).not.toContain('CANARY');
  });

  it.each([
    [grpc.status.UNAVAILABLE, true],
    [grpc.status.DEADLINE_EXCEEDED, true],
    [grpc.status.CANCELLED, true],
    [grpc.status.RESOURCE_EXHAUSTED, true],
    [grpc.status.ABORTED, true],
    [grpc.status.UNAUTHENTICATED, false],
    [grpc.status.PERMISSION_DENIED, false],
    [grpc.status.FAILED_PRECONDITION, false],
    [grpc.status.INTERNAL, false],
  ])('with status %i is worth another try: %s', (status, retriable) => {
    expect(new GrpcCallError(status).retriable).toBe(retriable);
  });

  it('does not hang: it has a deadline, also where nobody listens, and can be given up', async () => {
    const { unary, state, server } = await start();
    state.answer = () => undefined;
    expect(await statusOf(unary(as('audit'), 100))).toBe(grpc.status.DEADLINE_EXCEEDED);
    const gaveUp = new AbortController();
    const running = unary(as('audit'), 60_000, gaveUp.signal);
    gaveUp.abort();
    expect(await statusOf(running)).toBe(grpc.status.CANCELLED);
    expect(await statusOf(unary(as('audit'), 60_000, gaveUp.signal))).toBe(grpc.status.CANCELLED);
    await server.close();
    expect([grpc.status.UNAVAILABLE, grpc.status.DEADLINE_EXCEEDED]).toContain(
      await statusOf(unary(as('audit'), 1_000)),
    );
  });
});

describe('close', () => {
  it('lets a call that runs end, and takes no other', async () => {
    const { unary, state, server } = await start();
    let finish = (): void => undefined;
    state.answer = (callback) => {
      finish = () => callback(null, allowed);
    };
    const running = unary(as('audit'));
    await sleep(100);
    const closed = server.close();
    await sleep(50);
    finish();
    expect((await running).found).toBe(true);
    await closed;
    expect(await statusOf(unary(as('audit'), 500))).not.toBe(grpc.status.OK);
  });

  it('cuts a call that runs on', async () => {
    const { unary, state, server } = await start();
    state.answer = () => undefined;
    const running = statusOf(unary(as('audit'), 20_000));
    await sleep(100);
    await server.close();
    expect(await running).not.toBe(grpc.status.OK);
  });
});

describe('start', () => {
  it('fails where the port is taken, without waiting and without a word of the library', async () => {
    const { server } = await start();
    const printed = jest.spyOn(globalThis.console, 'error').mockImplementation(() => undefined);
    const again = serveGrpc({ host: '127.0.0.1', port: server.port, credentials, services: [] });
    await expect(again).rejects.toThrow();
    expect(printed).not.toHaveBeenCalled();
    printed.mockRestore();
  });
});
