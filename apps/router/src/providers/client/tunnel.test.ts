import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Opaque } from '@lethe/service-kit';
import { makeCertificate } from '@lethe/test-servers';
import {
  collect,
  eventually,
  failureOf,
  ScriptedProvider,
  splicedBody,
} from '../../testing/scripted-provider.js';
import { ScriptedProxy } from '../../testing/scripted-proxy.js';
import { SecureProvider } from '../../testing/secure-provider.js';
import type { ProviderClient, UpstreamRoute, UpstreamTarget } from '../types.js';

const authority = makeCertificate({ commonName: 'an authority' });
const served = makeCertificate({ commonName: 'localhost', names: ['localhost'], issuer: authority });

let proxy: ScriptedProxy;
let plain: ScriptedProvider;
let secure: SecureProvider;
let client: ProviderClient;

beforeAll(async () => {
  secure = await SecureProvider.start({ key: served.key, cert: served.cert });
});
afterAll(() => secure.stop());
beforeEach(async () => {
  proxy = await ScriptedProxy.start();
  plain = await ScriptedProvider.start();
  client = plain.client({ connectMsMax: 2_000 });
});
afterEach(() => {
  plain.stop();
  proxy.stop();
});

const through = (more: Partial<UpstreamRoute> = {}): UpstreamRoute => ({
  proxyUrl: new Opaque(`http://${proxy.address}`),
  caCertificatesPem: authority.cert,
  ...more,
});
const plainTarget = (route: UpstreamRoute | undefined = through()): UpstreamTarget => ({
  ...plain.target,
  ...(route === undefined ? {} : { route }),
});
const secureTarget = (): UpstreamTarget => ({
  ...plainTarget(),
  origin: `https://localhost:${secure.port}`,
});
const send = (target: UpstreamTarget, text = '{"prompt":"a canary"}') =>
  client.send(target, splicedBody(text), 'application/json', () => undefined);

describe('through a proxy', () => {
  it('a tunnel is asked for, also for plain http, and used again', async () => {
    const route = through({ proxyUrl: new Opaque(`http://us%40er:pass%3Aword@${proxy.address}/`) });
    for (let index = 0; index < 3; index++)
      expect(await collect(await send(plainTarget(route)))).toEqual({ end: 'complete', text: '{}' });
    const authority = plain.target.origin.slice('http://'.length);
    expect(proxy.heads).toEqual([
      `CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n` +
        `proxy-authorization: Basic ${Buffer.from('us@er:pass:word').toString('base64')}\r\n\r\n`,
    ]);
    expect(proxy.sent.includes('canary')).toBe(true);
    expect(proxy.sent.includes('proxy-authorization')).toBe(false);
  });

  it('TLS stays whole: the proxy sees nothing of it', async () => {
    for (let index = 0; index < 3; index++)
      expect(await collect(await send(secureTarget()))).toEqual({
        end: 'complete',
        text: '{"prompt":"a canary"}',
      });
    expect(proxy.heads).toEqual([
      `CONNECT localhost:${secure.port} HTTP/1.1\r\nhost: localhost:${secure.port}\r\n\r\n`,
    ]);
    expect(proxy.sent.length).toBeGreaterThan(100);
    expect(proxy.sent.includes('canary')).toBe(false);
  });

  it('TLS sessions are taken up', async () => {
    const { respond } = secure;
    secure.respond = () => Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}');
    const before = secure.sockets.length;
    for (let index = before; index < before + 2; index++) {
      expect((await collect(await send(secureTarget()))).end).toBe('complete');
      await eventually(() => secure.sockets[index]?.destroyed === true);
    }
    secure.respond = respond;
    expect(secure.resumed.slice(before)).toEqual([false, true]);
  });

  it('a certificate is checked as without one', async () => {
    const proxyUrl = new Opaque(`http://${proxy.address}`);
    expect(await failureOf(send({ ...secureTarget(), route: { proxyUrl } }))).toBe('unreachable unsent');
    const byNumber = { ...secureTarget(), origin: `https://127.0.0.1:${secure.port}` };
    expect(await failureOf(send(byNumber))).toBe('unreachable unsent');
    expect((await collect(await send(secureTarget()))).end).toBe('complete');
  });

  it('connections are not shared with those who go straight', async () => {
    await collect(await send(plainTarget()));
    await collect(await send(plain.target));
    await collect(await send(plainTarget()));
    await collect(await send(plain.target));
    expect(proxy.heads).toHaveLength(1);
    expect(plain.sockets).toHaveLength(2);
  });

  it('large answers come whole under pauses, read no faster than they are taken, and are overwritten', async () => {
    const size = 12_000_000;
    const text = 'canary '.repeat(size / 7);
    let sentAll = false;
    secure.respond = () => {
      setImmediate(() =>
        secure.sockets.at(-1)?.write('', () => {
          sentAll = true;
        }),
      );
      return Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n${text}`);
    };
    const response = await send(secureTarget());
    const seen: Buffer[] = [];
    const parts: Buffer[] = [];
    let pausesFor = 200;
    const end = await response.pipe({
      data: (buffer, start, stop) => {
        seen.push(buffer);
        parts.push(Buffer.from(buffer.subarray(start, stop)));
        if (seen.length % 3 === 0) return 'continue';
        setTimeout(() => {
          if (pausesFor > 1) expect(sentAll).toBe(false);
          pausesFor = 1;
          response.release(buffer);
          response.resume();
        }, pausesFor);
        return 'pause';
      },
    });
    expect(end).toBe('complete');
    expect(Buffer.concat(parts).toString() === text).toBe(true);
    await eventually(() => !seen.some((buffer) => buffer.includes('can')));
  });

  it('what was still unread at an abort is overwritten too', async () => {
    const text = 'canary '.repeat(100_000);
    secure.respond = () => Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n${text}`);
    const response = await send(secureTarget());
    const seen: Buffer[] = [];
    const end = response.pipe({
      data: (buffer) => {
        seen.push(buffer);
        return 'pause';
      },
    });
    await eventually(() => seen.length > 0);
    response.abort();
    expect(await end).toBe('aborted');
    for (const buffer of seen) response.release(buffer);
    expect(seen.some((buffer) => buffer.includes('can'))).toBe(false);
  });
});

describe('a proxy that opens no tunnel makes the provider unreachable', () => {
  it.each([
    ['refuses', 'HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n'],
    ['redirects', 'HTTP/1.1 302 Found\r\nlocation: http://elsewhere\r\n\r\n'],
    ['speaks something else', 'SSH-2.0-x\r\n'],
    ['speaks for the origin', 'HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'],
    ['has an endless head', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}`],
  ])('when it %s', async (_, answer) => {
    proxy.answer = (socket) => socket.write(answer);
    for (const target of [plainTarget(), secureTarget()])
      expect(await failureOf(send(target))).toBe('unreachable unsent');
    expect(plain.sockets).toHaveLength(0);
  });

  it('when it goes away, stays silent or is not there', async () => {
    proxy.answer = (socket) => socket.destroy();
    expect(await failureOf(send(plainTarget()))).toBe('unreachable unsent');
    proxy.answer = () => undefined;
    client = plain.client({ connectMsMax: 100 });
    expect(await failureOf(send(plainTarget()))).toBe('connect_timeout unsent');
    const gone = plainTarget({ proxyUrl: new Opaque('http://127.0.0.1:1') });
    expect(await failureOf(send(gone))).toBe('unreachable unsent');
  });

  it('when its address is none', async () => {
    for (const broken of [
      'CANARY',
      'https://proxy:1',
      'socks5://proxy',
      'http://proxy/path',
      'http://%zz@p',
    ]) {
      const target = plainTarget({ proxyUrl: new Opaque(broken) });
      expect(await failureOf(send(target))).toBe('unreachable unsent');
    }
  });
});
