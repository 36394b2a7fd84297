import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { RawClient } from '../testing/raw-client.js';
import { ClientConnection } from './client-connection.js';

interface Seen {
  readonly connection: ClientConnection;
  readonly res: ServerResponse;
  readonly cuts: string[];
}
let server: Server | undefined;
let client: RawClient | undefined;

const start = async (answer: (res: ServerResponse) => void = () => undefined) => {
  const seen: Seen[] = [];
  server = createServer((incoming: IncomingMessage, res) => {
    const connection = new ClientConnection(res);
    const cuts: string[] = [];
    connection.onGone(() => cuts.push('first'));
    seen.push({ connection, res, cuts });
    incoming.resume();
    answer(res);
  });
  await new Promise<void>((listening) => server?.listen(0, '127.0.0.1', listening));
  client = new RawClient((server.address() as AddressInfo).port);
  return { client, seen };
};
afterEach(() => {
  client?.socket.destroy();
  server?.closeAllConnections();
  server?.close();
});
const post = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi';
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await sleep(5);
};

describe('a caller that leaves', () => {
  it('is noticed while it waits, and what runs for it is cut once', async () => {
    const { client, seen } = await start();
    client.send(post);
    await until(() => seen.length === 1);
    const [one] = seen as [Seen];
    await sleep(20);
    expect([one.connection.gone, one.cuts]).toEqual([false, []]);
    client.reset();
    await until(() => one.connection.gone);
    await sleep(20);
    expect(one.cuts).toEqual(['first']);
  });

  it('is noticed in the middle of an answer', async () => {
    const { client, seen } = await start((res) => void res.write('half'));
    client.send(post);
    await client.until(() => client.received.includes('half'));
    client.reset();
    await until(() => seen[0]?.connection.gone === true);
    expect(seen[0]?.cuts).toEqual(['first']);
  });

  it('cuts the attempt of the moment, also one that begins too late', async () => {
    const { client, seen } = await start();
    client.send(post);
    await until(() => seen.length === 1);
    const [one] = seen as [Seen];
    one.connection.onGone(() => one.cuts.push('second'));
    client.reset();
    await until(() => one.connection.gone);
    expect(one.cuts).toEqual(['second']);
    one.connection.onGone(() => one.cuts.push('third'));
    expect(one.cuts).toEqual(['second', 'third']);
  });

  it('is noticed by requests that wait behind one another, none of which is answered yet', async () => {
    const { client, seen } = await start();
    client.send(post, post, post);
    await until(() => seen.length === 3);
    client.reset();
    await until(() => seen.every(({ connection }) => connection.gone));
    expect(seen.map(({ cuts }) => cuts)).toEqual([['first'], ['first'], ['first']]);
  });

  it('is noticed while a later answer streams that was pipelined', async () => {
    const { client, seen } = await start();
    client.send(post, post);
    await until(() => seen.length === 2);
    const [one, two] = seen as [Seen, Seen];
    one.res.end('one');
    two.res.write('two');
    await client.until(() => client.received.includes('two'));
    client.reset();
    await until(() => two.connection.gone);
    expect([one.connection.gone, one.cuts, two.cuts]).toEqual([false, [], ['first']]);
  });
});

describe('a caller that stays', () => {
  it('is not taken for gone when its answer is done, one by one or pipelined', async () => {
    const { client, seen } = await start();
    client.send(post, post, post);
    await until(() => seen.length === 3);
    for (const { res } of [...seen].reverse()) res.end('done');
    await client.answers(3);
    client.send(post);
    await until(() => seen.length === 4);
    seen[3]?.res.end('done');
    await client.answers(4);
    client.socket.end();
    await new Promise((closed) => client.socket.once('close', closed));
    expect(seen.map(({ connection, cuts }) => [connection.gone, cuts])).toEqual(Array(4).fill([false, []]));
  });

  it('leaves no listener on a connection that carries many requests', async () => {
    const { client, seen } = await start();
    client.send(post.repeat(30));
    await until(() => seen.length === 30);
    const { socket } = (seen[0] as Seen).res.req;
    const during = socket.listenerCount('close');
    for (const { res } of seen) res.end('done');
    await client.answers(30);
    expect(socket.listenerCount('close')).toBeLessThanOrEqual(during - 29);
  });
});
