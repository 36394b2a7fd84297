import { once } from 'node:events';
import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request } from 'node:https';
import { type ConnectionOptions, connect } from 'node:tls';
import { afterEach, describe, expect, it } from '@jest/globals';
import { freePort } from '@lethe/test-servers';
import { Hono } from 'hono';
import { TestAuthority } from '../tls/test-authority.contract.js';
import { TlsIdentity } from '../tls/tls-identity.js';
import { serveRest } from './rest-app.js';

const authority = new TestAuthority();
const oldTls = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const start = async (tls?: TlsIdentity): Promise<number> => {
  const port = await freePort();
  const app = new Hono();
  app.get('/', (c) => c.text('hello'));
  const server = await serveRest(app, { host: '127.0.0.1', port, tls });
  closing.push(() => server.close());
  return port;
};

const bodyOf = async (sent: ReturnType<typeof request>): Promise<string> => {
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return body;
};
const get = (port: number, ca = authority.root.cert): Promise<string> =>
  bodyOf(request({ port, host: '127.0.0.1', servername: 'localhost', ca, agent: false }));

const shownAt = async (port: number, options: ConnectionOptions = {}): Promise<Buffer> => {
  const socket = connect({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: authority.root.cert,
    ...options,
  });
  try {
    await once(socket, 'secureConnect');
    return socket.getPeerCertificate().raw;
  } finally {
    socket.destroy();
  }
};

describe('a REST face with a certificate', () => {
  it('answers whoever trusts its authority, without asking for theirs', async () => {
    const port = await start(new TlsIdentity(authority.set('audit'), 'audit'));
    expect(await get(port)).toBe('hello');
    await expect(get(port, new TestAuthority().root.cert)).rejects.toThrow();
  });

  it('answers neither plain text nor TLS 1.1', async () => {
    const port = await start(new TlsIdentity(authority.set('audit'), 'audit'));
    await expect(bodyOf(plainRequest({ port, host: '127.0.0.1', agent: false }))).rejects.toThrow();
    await expect(shownAt(port, oldTls)).rejects.toThrow();
    expect(await shownAt(port, { maxVersion: 'TLSv1.2' })).toBeInstanceOf(Buffer);
    // The control: where there is no certificate, plain text is what is spoken.
    const plain = await start();
    expect(await bodyOf(plainRequest({ port: plain, host: '127.0.0.1', agent: false }))).toBe('hello');
  });

  it('shows a renewed certificate from the next handshake on, and nothing older than TLS 1.2', async () => {
    const own = new TlsIdentity(authority.set('audit'), 'audit');
    const port = await start(own);
    const before = await shownAt(port);
    own.renew(authority.set('audit'));
    expect((await shownAt(port)).equals(before)).toBe(false);
    await expect(shownAt(port, oldTls)).rejects.toThrow();
    expect(await get(port)).toBe('hello');
  });
});
