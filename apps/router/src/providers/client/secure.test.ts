import { type AddressInfo, createServer } from 'node:net';
import tls, { type ConnectionOptions, type SecureContextOptions } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CoarseTimer, Opaque } from '@lethe/service-kit';
import { makeCertificate } from '@lethe/test-servers';
import { collect, eventually, failureOf } from '../../testing/scripted-provider.js';
import { SecureProvider } from '../../testing/secure-provider.js';
import type { ProviderClient, UpstreamRoute } from '../types.js';
import { createProviderClient } from './provider-client.js';

const authority = makeCertificate({ commonName: 'an authority' });
const served = makeCertificate({
  commonName: 'localhost',
  names: ['localhost', '127.0.0.1'],
  issuer: authority,
});
const misnamed = makeCertificate({ commonName: 'elsewhere', names: ['elsewhere'], issuer: authority });
const ours = makeCertificate({ commonName: 'a router', issuer: authority });
const foreign = makeCertificate({ commonName: 'a stranger' });

const trusting: UpstreamRoute = { caCertificatesPem: authority.cert };
const limits = {
  connectMsMax: 5_000,
  headMsMax: 5_000,
  idleMsMax: 5_000,
  answerMsMax: 60_000,
  headBytesMax: 16_384,
};
const timer = new CoarseTimer(10);
let client: ProviderClient;
let provider: SecureProvider;
let demanding: SecureProvider;
let elsewhere: SecureProvider;

beforeAll(async () => {
  const identity = { key: served.key, cert: served.cert };
  provider = await SecureProvider.start({ ...identity, ALPNProtocols: ['h2', 'http/1.1'] });
  demanding = await SecureProvider.start({
    ...identity,
    ca: authority.cert,
    requestCert: true,
    rejectUnauthorized: true,
  });
  elsewhere = await SecureProvider.start({ key: misnamed.key, cert: misnamed.cert });
});
beforeEach(() => {
  client = createProviderClient({ limits, connectionsPerOriginMax: 4, timer });
});
afterEach(() => client.close());
afterAll(() => {
  for (const server of [provider, demanding, elsewhere]) server.stop();
});

const send = (
  port: number,
  route: UpstreamRoute | undefined,
  body = Buffer.from('{}'),
  hostname = 'localhost',
) =>
  client.send(
    {
      origin: `https://${hostname}:${port}`,
      path: '/v1/chat/completions',
      credential: new Opaque('sk-provider'),
      authentication: 'bearer',
      ...(route === undefined ? {} : { route }),
    },
    {
      buffers: [body.subarray(0, 100), body.subarray(100, 30_000), body.subarray(30_000)],
      bytesTotal: body.length,
    },
    'application/json',
    () => undefined,
  );

const failure = (port: number, route: UpstreamRoute | undefined) => failureOf(send(port, route));

describe('a provider over TLS', () => {
  it('that nobody vouches for gets no request, whatever the environment says', async () => {
    // The environment of a test is not what Node looks at: so look at what Node is asked for.
    const original = tls.connect;
    const asked: unknown[] = [];
    tls.connect = ((options: ConnectionOptions) => {
      asked.push(options.rejectUnauthorized);
      return original(options);
    }) as typeof original;
    try {
      expect(await failure(provider.port, undefined)).toBe('unreachable unsent');
      expect(await failure(provider.port, { caCertificatesPem: foreign.cert })).toBe('unreachable unsent');
      expect(await failure(elsewhere.port, trusting)).toBe('unreachable unsent');
    } finally {
      tls.connect = original;
    }
    expect(asked).toEqual([true, true, true]);
    expect(await collect(await send(provider.port, trusting))).toEqual({ end: 'complete', text: '{}' });
  });

  it.each(['localhost', '127.0.0.1'])('gets and gives bytes as they are, at %s', async (hostname) => {
    const before = provider.sockets.length;
    for (const size of [50, 5_000, 700_000]) {
      const body = Buffer.from(Array.from({ length: size }, (_, index) => index % 251));
      const response = await send(provider.port, trusting, body, hostname);
      // TLS delivers what it has decrypted even after a pause: the sink pauses at each turn.
      const parts: Buffer[] = [];
      const end = await response.pipe({
        data: (buffer, start, stop) => {
          parts.push(Buffer.from(buffer.subarray(start, stop)));
          setTimeout(() => {
            response.release(buffer);
            response.resume();
          }, 1);
          return 'pause';
        },
      });
      expect(end).toBe('complete');
      expect(Buffer.concat(parts).equals(body)).toBe(true);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(provider.sockets).toHaveLength(before + 1);
    const socket = provider.sockets[before];
    expect(socket?.servername).toBe(hostname === 'localhost' ? 'localhost' : false);
    expect(socket?.alpnProtocol).toBe('http/1.1');
  });

  it('is sent nothing before the handshake is over', async () => {
    let seen = Buffer.alloc(0);
    const silent = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        seen = Buffer.concat([seen, chunk]);
      });
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const hasty = createProviderClient({
      limits: { ...limits, connectMsMax: 300 },
      connectionsPerOriginMax: 4,
      timer,
    });
    client = hasty;
    const { port } = silent.address() as AddressInfo;
    expect(await failure(port, trusting)).toBe('connect_timeout unsent');
    silent.close();
    expect(seen[0]).toBe(0x16); // A handshake record,
    expect(seen.readUInt16BE(3) + 5).toBe(seen.length); // and nothing behind it.
  });

  it('costs one context for all connections, which overwrites what it has decrypted', async () => {
    const original = tls.createSecureContext;
    const contexts: SecureContextOptions[] = [];
    tls.createSecureContext = (options) => {
      contexts.push(options ?? {});
      return original(options);
    };
    try {
      const before = provider.sockets.length;
      const sent = [1, 2, 3].map(async () => collect(await send(provider.port, trusting)));
      await Promise.all(sent);
      expect(provider.sockets.length).toBeGreaterThan(before + 1);
    } finally {
      tls.createSecureContext = original;
    }
    // SSL_OP_CLEANSE_PLAINTEXT: the number has no name in Node, so its use is pinned here.
    expect(contexts.map(({ secureOptions }) => secureOptions)).toEqual([2]);
  });
});

describe('a TLS session', () => {
  const ask = async (route: UpstreamRoute): Promise<void> => {
    const count = provider.sockets.length;
    expect((await collect(await send(provider.port, route))).end).toBe('complete');
    await eventually(() => provider.sockets[count]?.destroyed === true);
  };

  it('is taken up by the next connection, on the same route only', async () => {
    const { respond } = provider;
    provider.respond = () =>
      Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}');
    const before = provider.sockets.length;
    for (let index = 0; index < 3; index++) await ask({ ...trusting });
    await ask({ caCertificatesPem: authority.cert + foreign.cert });
    provider.respond = respond;
    expect(provider.resumed.slice(before)).toEqual([false, true, true, false]);
  });
});

describe('a client certificate', () => {
  const identity = (certificate: { cert: string; key: string }): UpstreamRoute => ({
    ...trusting,
    clientCertificatePem: certificate.cert,
    clientPrivateKeyPem: new Opaque(certificate.key),
  });

  it('is shown, and connections are not shared with those who have none', async () => {
    expect((await collect(await send(demanding.port, identity(ours)))).end).toBe('complete');
    expect(demanding.sockets.at(-1)?.authorized).toBe(true);
    const count = demanding.sockets.length;
    expect(await failure(demanding.port, trusting)).toBe('unreachable unsent');
    expect((await collect(await send(demanding.port, identity(ours)))).end).toBe('complete');
    expect(demanding.sockets).toHaveLength(count);
  });

  it('that is refused without a word is a connection lost: the request may have been read', async () => {
    expect(await failure(demanding.port, identity(foreign))).toBe('reset sent');
  });

  it('that cannot be read makes the provider unreachable, without a word of why', async () => {
    const broken = [
      identity({ cert: ours.cert, key: foreign.key }),
      identity({ cert: 'CANARY', key: ours.key }),
      { caCertificatesPem: '-----BEGIN CERTIFICATE-----\nCANARY\n-----END CERTIFICATE-----\n' },
    ];
    for (const route of broken) {
      const error: unknown = await send(demanding.port, route).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: 'UpstreamError', failure: 'unreachable', sent: false });
      expect(Object.keys(error as object)).toEqual(['failure', 'sent', 'name']);
      expect(String(error)).toBe('UpstreamError: upstream failed');
    }
  });
});
