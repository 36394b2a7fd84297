import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import {
  type ConnectionOptions,
  connect as connectTls,
  createServer as createTlsServer,
  type Server,
  type TlsOptions,
} from 'node:tls';
import * as grpc from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from '@jest/globals';
import { identity, policy, type ServiceName, serviceNames } from '@lethe/contracts';
import { makeCertificate, type TestCertificate } from '@lethe/test-servers';
import { newToken, tokenSha256 } from '../safe/bearer.js';
import { Opaque } from '../safe/opaque.js';
import { serviceUri } from '../tls/service-uri.js';
import { TestAuthority } from '../tls/test-authority.contract.js';
import { TlsIdentity } from '../tls/tls-identity.js';
import { callMetadata, callUnary, type GrpcCallError } from './grpc-client.js';
import { channelTo } from './grpc-credentials.js';
import { type CallerCredentials, serveGrpc } from './grpc-server.js';

const { OK, UNAVAILABLE, UNAUTHENTICATED, PERMISSION_DENIED } = grpc.status;
const authority = new TestAuthority();
const foreign = new TestAuthority();
const hourAgo = new Date(Date.now() - 3_600_000);
const tokens = Object.fromEntries(serviceNames.map((name) => [name, newToken('lethe_svc_')])) as Record<
  ServiceName,
  string
>;
const credentials = Object.fromEntries(
  serviceNames.map((name) => [name, tokenSha256(tokens[name])]),
) as CallerCredentials;
const oldTls = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const identityOf = (service: ServiceName): TlsIdentity => new TlsIdentity(authority.set(service), service);

/** Admin-config's Identity and PolicySync; `tls` absent: in plain text. Its stream sends something back for each message. */
const start = async (tls?: TlsIdentity) => {
  const server = await serveGrpc({
    host: '127.0.0.1',
    port: 0,
    credentials,
    tls,
    services: [
      {
        definition: identity.IdentityService,
        implementation: {
          authenticate: ((_call, callback) =>
            callback(null, identity.AuthenticateResponse.decode(Buffer.alloc(0)))) as grpc.handleUnaryCall<
            identity.AuthenticateRequest,
            identity.AuthenticateResponse
          >,
        },
      },
      {
        definition: policy.PolicySyncService,
        implementation: {
          sync: (call: grpc.ServerDuplexStream<unknown, unknown>) => {
            call.on('data', () => call.write({ message: undefined }));
            call.on('end', () => call.end());
          },
        },
      },
    ],
  });
  closing.push(() => server.close());
  return server;
};

/** One call on a connection of its own, with the credential of `as`. */
const callAt = async (
  address: string,
  channel: grpc.ChannelCredentials,
  as: ServiceName = 'audit',
): Promise<grpc.status> => {
  const client = new identity.IdentityClient(address, channel, { 'grpc.use_local_subchannel_pool': 1 });
  try {
    const request = { tokenSha256: Buffer.alloc(32), sourceIp: '' };
    const metadata = callMetadata(new Opaque(tokens[as]));
    await callUnary(client.authenticate.bind(client), request, metadata, 20_000);
    return OK;
  } catch (error) {
    return (error as GrpcCallError).status;
  } finally {
    client.close();
  }
};

/** Any client that is not ours, and shows what it likes. */
const showing = (certificate?: TestCertificate, root = authority.root): grpc.ChannelCredentials =>
  grpc.credentials.createSsl(
    Buffer.from(root.cert),
    certificate && Buffer.from(certificate.key),
    certificate && Buffer.from(certificate.cert),
  );

/** What a server shows to somebody who may connect; rejects when the handshake does not come about. */
const shownAt = async (port: number, options: ConnectionOptions = {}): Promise<Buffer> => {
  const { cert, key } = authority.issue('audit');
  const socket = connectTls({
    ...{ port, host: '127.0.0.1', servername: 'localhost', ca: authority.root.cert, cert, key },
    ALPNProtocols: ['h2'],
    ...options,
  });
  try {
    await once(socket, 'secureConnect');
    return socket.getPeerCertificate().raw;
  } finally {
    socket.destroy();
  }
};

describe('a client', () => {
  it('with its own certificate and credential is served', async () => {
    const { port } = await start(identityOf('admin-config'));
    expect(await callAt(`localhost:${port}`, channelTo('admin-config', identityOf('audit')))).toBe(OK);
    expect(await callAt(`localhost:${port}`, showing(authority.issue('audit')))).toBe(OK);
  });

  it('is still held to the list of the method', async () => {
    const { port } = await start(identityOf('admin-config'));
    for (const service of ['router', 'admin-config'] as const) {
      const channel = channelTo('admin-config', identityOf(service));
      expect(await callAt(`localhost:${port}`, channel, service)).toBe(PERMISSION_DENIED);
    }
  });

  it.each<[string, () => grpc.ChannelCredentials]>([
    ['no certificate', () => showing()],
    ['a certificate of a foreign authority', () => showing(foreign.issue('audit'))],
    [
      'one that it signed itself',
      () => showing(makeCertificate({ commonName: 'audit', names: [serviceUri('audit')] })),
    ],
    ['one that has run out', () => showing(authority.issue('audit', { validTo: hourAgo }))],
    [
      'one that was signed with another that may not sign',
      () => showing(authority.issue('audit', { issuer: authority.issue('audit') })),
    ],
    ['plain text', () => grpc.credentials.createInsecure()],
  ])('with %s does not get through', async (_what, channel) => {
    const { port } = await start(identityOf('admin-config'));
    expect(await callAt(`localhost:${port}`, channel())).toBe(UNAVAILABLE);
    // The server goes on.
    expect(await callAt(`localhost:${port}`, channelTo('admin-config', identityOf('audit')))).toBe(OK);
  });

  it.each<[string, readonly string[]]>([
    ['another service', [serviceUri('accounting'), 'localhost']],
    ['no service', ['localhost']],
    ['two services', [serviceUri('accounting'), serviceUri('audit')]],
    ['a service in a host name', ['x, URI:spiffe://lethe/audit, y']],
  ])('with a stolen credential and a certificate of %s is nobody', async (_what, names) => {
    const { port } = await start(identityOf('admin-config'));
    expect(await callAt(`localhost:${port}`, showing(authority.issue('accounting', { names })))).toBe(
      UNAUTHENTICATED,
    );
  });

  it('that speaks TLS 1.1 is refused', async () => {
    const { port } = await start(identityOf('admin-config'));
    await expect(shownAt(port, oldTls)).rejects.toMatchObject({
      code: expect.stringMatching(/^(ERR_SSL|ECONN)/),
    });
    expect(await shownAt(port, { maxVersion: 'TLSv1.2' })).toBeInstanceOf(Buffer);
    // The control: where it is spoken, the same client speaks it.
    const old = createTlsServer({ ...authority.issue('audit'), ...oldTls }, (socket) => socket.resume());
    old.listen(0, '127.0.0.1');
    await once(old, 'listening');
    closing.push(() => old.close());
    expect(await shownAt((old.address() as AddressInfo).port, oldTls)).toBeInstanceOf(Buffer);
  });

  it('that says nothing holds nobody up', async () => {
    const { port } = await start(identityOf('admin-config'));
    const silent = connect(port, '127.0.0.1');
    closing.push(() => silent.destroy());
    await once(silent, 'connect');
    expect(await callAt(`localhost:${port}`, channelTo('admin-config', identityOf('audit')))).toBe(OK);
  });
});

describe('a server', () => {
  const pretend = async (options: TlsOptions): Promise<number> => {
    const server: Server = createTlsServer({ ...options, ALPNProtocols: ['h2'] }, (socket) => {
      socket.on('error', () => undefined);
      socket.resume();
    });
    server.on('tlsClientError', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => server.close());
    return (server.address() as AddressInfo).port;
  };
  const admin = (changes: Parameters<TestAuthority['issue']>[1] = {}) =>
    authority.issue('admin-config', changes);

  it.each<[string, () => TlsOptions]>([
    ['of a foreign authority', () => foreign.issue('admin-config')],
    ['that signed its certificate itself', () => makeCertificate({ commonName: 'x', names: ['localhost'] })],
    ['whose certificate has run out', () => admin({ validTo: hourAgo })],
    ['of another host', () => admin({ names: [serviceUri('admin-config'), 'elsewhere.test'] })],
    ['that is another service', () => authority.issue('accounting')],
    ['that is no service', () => admin({ names: ['localhost'] })],
    ['that speaks TLS 1.1', () => ({ ...admin(), ...oldTls })],
  ])('%s is not spoken to', async (_what, options) => {
    const port = await pretend(options());
    expect(await callAt(`localhost:${port}`, channelTo('admin-config', identityOf('audit')))).toBe(
      UNAVAILABLE,
    );
  });

  it('that speaks plain text is not spoken to', async () => {
    const { port } = await start();
    expect(await callAt(`localhost:${port}`, channelTo('admin-config', identityOf('audit')))).toBe(
      UNAVAILABLE,
    );
    expect(await callAt(`localhost:${port}`, channelTo('admin-config', undefined))).toBe(OK);
  });

  it('is not taken for whom it is not by a switch of the environment that turns verification off', async () => {
    const port = await pretend(foreign.issue('admin-config'));
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    try {
      const channel = channelTo('admin-config', identityOf('audit'));
      expect(await callAt(`localhost:${port}`, channel)).toBe(UNAVAILABLE);
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
    }
  });
});

describe('a renewal', () => {
  const openStream = async (port: number, tls: TlsIdentity) => {
    const client = new policy.PolicySyncClient(`localhost:${port}`, channelTo('admin-config', tls), {
      'grpc.use_local_subchannel_pool': 1,
    });
    const stream = client.sync(callMetadata(new Opaque(tokens.router)));
    stream.on('error', () => undefined);
    closing.push(
      () => client.close(),
      () => stream.cancel(),
    );
    const echo = async (): Promise<void> => {
      stream.write({ message: { $case: 'renew', value: { nonce: 1n } } });
      await once(stream, 'data');
    };
    await echo();
    return { echo };
  };

  it('of the server is shown from the next handshake on; streams go on', async () => {
    const own = identityOf('admin-config');
    const { port } = await start(own);
    const { echo } = await openStream(port, identityOf('router'));
    const before = await shownAt(port);
    own.renew(authority.set('admin-config'));
    const after = await shownAt(port);
    expect(after.equals(before)).toBe(false);
    await expect(shownAt(port, oldTls)).rejects.toThrow();
    expect(await callAt(`localhost:${port}`, showing())).toBe(UNAVAILABLE);
    expect(await callAt(`localhost:${port}`, channelTo('admin-config', identityOf('audit')))).toBe(OK);
    await echo();
  });

  it('that is refused changes nothing', async () => {
    const own = identityOf('admin-config');
    const { port } = await start(own);
    const before = await shownAt(port);
    expect(() => own.renew(authority.set('audit'))).toThrow();
    expect((await shownAt(port)).equals(before)).toBe(true);
  });

  it('takes a house from one authority to the next without a restart', async () => {
    const next = new TestAuthority();
    const [server, client] = [identityOf('admin-config'), identityOf('audit')];
    const { port } = await start(server);
    const call = () => callAt(`localhost:${port}`, channelTo('admin-config', client));
    const both = authority.root.cert + next.root.cert;
    expect(await call()).toBe(OK);
    // Everybody trusts both, then everybody shows the new one, then nobody trusts the old one.
    server.renew({ ...authority.set('admin-config'), caPem: both });
    expect(await call()).toBe(OK);
    client.renew({ ...next.set('audit'), caPem: both });
    expect(await call()).toBe(OK);
    server.renew(next.set('admin-config'));
    expect(await call()).toBe(OK);
    client.renew(next.set('audit'));
    expect(await call()).toBe(OK);
    expect(await callAt(`localhost:${port}`, channelTo('admin-config', identityOf('audit')))).toBe(
      UNAVAILABLE,
    );
  });

  it('of the client is shown from the next handshake on', async () => {
    const client = identityOf('audit');
    const { port } = await start(identityOf('admin-config'));
    const channel = channelTo('admin-config', client);
    expect(await callAt(`localhost:${port}`, channel)).toBe(OK);
    // The same object, now with an authority that this server is not of.
    client.renew(foreign.set('audit'));
    expect(await callAt(`localhost:${port}`, channel)).toBe(UNAVAILABLE);
  });
});
