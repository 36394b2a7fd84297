import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import tls, { type Server } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CoarseTimer, Opaque } from '@lethe/service-kit';
import { type ProviderClient, UpstreamError } from '../types.js';
import { createProviderClient } from './provider-client.js';

/** DER: a tag, the length, the content. */
const der = (tag: number, ...content: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(content);
  const size = Buffer.from(body.length.toString(16).padStart(body.length > 255 ? 4 : 2, '0'), 'hex');
  return Buffer.concat([
    Buffer.of(tag),
    body.length < 128 ? size : Buffer.concat([Buffer.of(0x80 | size.length), size]),
    body,
  ]);
};
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const time = (text: string): Buffer => der(0x17, Buffer.from(text));

/** A certificate for localhost, signed with its own key. */
const selfSigned = (publicKey: KeyObject, privateKey: KeyObject): string => {
  const algorithm = der(0x30, oid('2a8648ce3d040302')); // ecdsa-with-SHA256
  const name = der(0x30, der(0x31, der(0x30, oid('550403'), der(0x0c, Buffer.from('localhost')))));
  const alternative = der(0x30, der(0x82, Buffer.from('localhost')), der(0x87, Buffer.of(127, 0, 0, 1)));
  const extensions = der(
    0xa3,
    der(
      0x30,
      der(0x30, oid('551d11'), der(0x04, alternative)),
      der(0x30, oid('551d13'), der(0x04, der(0x30, der(0x01, Buffer.of(0xff))))),
    ),
  );
  const body = der(
    0x30,
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.of(1)),
    algorithm,
    name,
    der(0x30, time('200101000000Z'), time('491231235959Z')),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    extensions,
  );
  const signature = sign('sha256', body, privateKey);
  const whole = der(0x30, body, algorithm, der(0x03, Buffer.of(0), signature));
  return `-----BEGIN CERTIFICATE-----\n${whole.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
};

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const cert = selfSigned(publicKey, privateKey);
const key = privateKey.export({ type: 'pkcs8', format: 'pem' });

const original = tls.createSecureContext;
let contexts: tls.SecureContextOptions[] = [];
/** Stands for NODE_EXTRA_CA_CERTS, which Node reads only at its start. */
const trust = (): void => {
  tls.createSecureContext = (options) => {
    contexts.push(options ?? {});
    return original({ ...options, ca: cert });
  };
};

const timer = new CoarseTimer(10);
let client: ProviderClient;
let server: Server;
let connections = 0;
let serverName: string | false | null = null;
let respond: (request: Buffer) => Buffer;

beforeAll(async () => {
  server = tls.createServer({ key, cert, ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => {
    connections++;
    serverName = socket.servername;
    let request = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      request = Buffer.concat([request, chunk]);
      const head = request.indexOf('\r\n\r\n') + 4;
      const length = Number(/content-length: (\d+)/.exec(request.toString('latin1', 0, head))?.[1]);
      if (head < 4 || request.length < head + length) return;
      socket.write(respond(request.subarray(head)));
      request = Buffer.alloc(0);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const limits = {
    connectMsMax: 5_000,
    headMsMax: 5_000,
    idleMsMax: 5_000,
    answerMsMax: 60_000,
    headBytesMax: 16_384,
  };
  client = createProviderClient({ limits, connectionsPerOriginMax: 4, timer });
});
afterAll(() => {
  tls.createSecureContext = original;
  client.close();
  server.close();
});

const send = (body: Buffer, hostname = 'localhost') =>
  client.send(
    {
      origin: `https://${hostname}:${(server.address() as AddressInfo).port}`,
      path: '/v1/chat/completions',
      credential: new Opaque('sk-provider'),
      authentication: 'bearer',
    },
    {
      buffers: [body.subarray(0, 100), body.subarray(100, 30_000), body.subarray(30_000)],
      bytesTotal: body.length,
    },
    'application/json',
    () => undefined,
  );

describe('over TLS', () => {
  it('no request goes to a server whose certificate nobody vouches for', async () => {
    respond = () => Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    const error: unknown = await send(Buffer.from('{}')).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UpstreamError);
    expect(error).toMatchObject({ failure: 'unreachable', sent: false });
  });

  it.each(['localhost', '127.0.0.1'])('bytes arrive as they are, both ways, at %s', async (hostname) => {
    trust();
    connections = 0;
    contexts = [];
    respond = (body) =>
      Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n`), body]);
    for (const size of [50, 5_000, 700_000]) {
      const body = Buffer.from(Array.from({ length: size }, (_, index) => index % 251));
      const response = await send(body, hostname);
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
    expect(connections).toBe(1);
    expect(serverName).toBe(hostname === 'localhost' ? 'localhost' : false);
    // SSL_OP_CLEANSE_PLAINTEXT: the number has no name in Node, so its use is pinned here.
    expect(contexts.map(({ secureOptions }) => secureOptions)).toEqual([2]);
  });
});
