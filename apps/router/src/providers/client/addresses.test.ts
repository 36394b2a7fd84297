import dns from 'node:dns';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { makeCertificate } from '@lethe/test-servers';
import {
  collect,
  eventually,
  failureOf,
  ScriptedProvider,
  splicedBody,
} from '../../testing/scripted-provider.js';
import { SecureProvider } from '../../testing/secure-provider.js';
import type { ProviderClient, UpstreamRoute } from '../types.js';
import { createProviderClient } from './provider-client.js';

let provider: ScriptedProvider;
let addresses: dns.LookupAddress[] | 'fails' = [];
let asked: string[] = [];
const live = { address: '127.0.0.1', family: 4 };
const dead = { address: '::1', family: 6 };

beforeEach(async () => {
  asked = [];
  provider = await ScriptedProvider.start();
  // What sockets look names up with; they ask for all addresses. Servers look up what they listen on.
  const original = dns.lookup as (...args: unknown[]) => void;
  type Done = (error: Error | null, found: dns.LookupAddress[]) => void;
  const lookup = (name: string, ...rest: unknown[]): void => {
    if (name !== 'provider.test') {
      original(name, ...rest);
      return;
    }
    asked.push(name);
    expect(rest[0]).toMatchObject({ all: true });
    const done = rest[1] as Done;
    setImmediate(() =>
      addresses === 'fails' ? done(new Error('ENOTFOUND CANARY'), []) : done(null, addresses),
    );
  };
  jest.spyOn(dns, 'lookup').mockImplementation(lookup as typeof dns.lookup);
});
afterEach(() => {
  jest.restoreAllMocks();
  provider.stop();
});

const portOf = (origin: string): string => new URL(origin).port;
const send = (client: ProviderClient, origin: string, route?: UpstreamRoute) =>
  client.send(
    { ...provider.target, origin, ...(route === undefined ? {} : { route }) },
    splicedBody('{}'),
    'application/json',
    () => undefined,
  );

describe('a host name', () => {
  const origin = (): string => `http://provider.test:${portOf(provider.target.origin)}`;

  it('whose first address is dead is reached at another', async () => {
    addresses = [dead, live];
    const client = provider.client();
    for (let index = 0; index < 3; index++)
      expect(await collect(await send(client, origin()))).toEqual({ end: 'complete', text: '{}' });
    expect(asked).toEqual(['provider.test']);
    expect(provider.sockets).toHaveLength(1);
    addresses = [dead];
    expect(await failureOf(send(provider.client(), origin()))).toBe('unreachable unsent');
  });

  it('whose first address is dead is reached at another over TLS', async () => {
    const authority = makeCertificate({ commonName: 'an authority' });
    const served = makeCertificate({ commonName: 'x', names: ['provider.test'], issuer: authority });
    const secure = await SecureProvider.start({ key: served.key, cert: served.cert });
    secure.respond = () => Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}');
    const client = provider.client();
    const route = { caCertificatesPem: authority.cert };
    for (const [index, found] of [
      [dead, live],
      [dead, live],
      [live, dead],
    ].entries()) {
      addresses = found;
      const response = await send(client, `https://provider.test:${secure.port}`, route);
      expect((await collect(response)).end).toBe('complete');
      await eventually(() => secure.sockets[index]?.destroyed === true);
    }
    secure.stop();
    expect(secure.resumed).toEqual([false, true, true]);
  });

  it('that does not resolve is unreachable, without a word of why', async () => {
    addresses = 'fails';
    const error: unknown = await send(provider.client(), origin()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'UpstreamError', failure: 'unreachable', sent: false });
    expect(Object.keys(error as object)).toEqual(['failure', 'sent', 'name']);
  });
});

describe('a connection that has grown old', () => {
  const aging = (connectionMsMax: number) =>
    createProviderClient({
      limits: {
        connectMsMax: 5_000,
        headMsMax: 5_000,
        idleMsMax: 5_000,
        answerMsMax: 60_000,
        headBytesMax: 16_384,
      },
      connectionsPerOriginMax: 8,
      timer: provider.timer,
      connectionMsMax,
    });
  const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

  it('is closed when idle and after its exchange, and the name is looked up anew', async () => {
    // A provider that moves from one loopback address to another, on the same port.
    const port = Number(portOf(provider.target.origin));
    let served = 0;
    const moved: Server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => {
        served++;
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nmoved');
      });
    });
    await new Promise<void>((resolve) => moved.listen(port, '127.0.0.2', resolve));
    expect((moved.address() as AddressInfo).port).toBe(port);
    const client = aging(400);
    const origin = `http://provider.test:${port}`;
    addresses = [live];
    expect((await collect(await send(client, origin))).text).toBe('{}');
    addresses = [{ address: '127.0.0.2', family: 4 }];
    // Kept alive until it is old, busy or not.
    let answers = 0;
    while (served === 0) {
      await collect(await send(client, origin));
      answers++;
      await settled();
    }
    expect(answers).toBeGreaterThan(2);
    expect(asked).toHaveLength(2);
    await eventually(() => provider.sockets[0]?.destroyed === true);

    const before = provider.timer.size;
    expect(before).toBe(1);
    await eventually(() => provider.timer.size === 0); // Idle, it does not wait for the usual 20 s.
    client.close();
    moved.close();
  });

  it('is not closed at the same moment as all others', async () => {
    const client = aging(4_000);
    addresses = [live];
    const origin = `http://provider.test:${portOf(provider.target.origin)}`;
    jest.spyOn(Math, 'random').mockReturnValueOnce(0).mockReturnValue(0.9);
    const startedAt = performance.now();
    await Promise.all([1, 2].map(async () => collect(await send(client, origin))));
    expect(provider.sockets).toHaveLength(2);
    const openedWithinMs = performance.now() - startedAt;
    const closedAt: number[] = [];
    for (const socket of provider.sockets) socket.on('close', () => closedAt.push(performance.now()));
    await eventually(() => closedAt.length === 2);
    expect((closedAt[1] as number) - (closedAt[0] as number)).toBeGreaterThan(500 - openedWithinMs);
    client.close();
  });
});
