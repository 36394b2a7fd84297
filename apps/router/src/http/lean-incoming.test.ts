import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { LeanIncoming, rawHeader } from './lean-incoming.js';

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

const options = { IncomingMessage: LeanIncoming as typeof IncomingMessage, requireHostHeader: false };

/** Sends one request to a server of lean ones and shows what its handler sees. */
const seen = async (headers: Record<string, string>, look: (incoming: LeanIncoming) => unknown) => {
  const server = createServer(options, (incoming, res) => {
    res.end(JSON.stringify(look(incoming as LeanIncoming) ?? null));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  open.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  return new Promise<{ answer: unknown; continued: boolean }>((resolve, reject) => {
    let continued = false;
    const sent = request({ port, method: 'POST', headers, agent: false }, (response) => {
      let text = '';
      response.on('data', (part) => {
        text += String(part);
      });
      response.on('end', () => resolve({ answer: text === '' ? undefined : JSON.parse(text), continued }));
    });
    sent.on('continue', () => {
      continued = true;
    });
    sent.on('error', reject);
    sent.flushHeaders();
    setTimeout(() => sent.end('x'), 30);
  });
};

describe('a lean request', () => {
  it('shows all headers once it is ours, and before only what Node has to know', async () => {
    const { answer } = await seen({ 'X-One': '1' }, (incoming) => {
      const before = { ...incoming.headers };
      incoming.ours = true;
      return { before, after: incoming.headers['x-one'], host: incoming.headers.host !== undefined };
    });
    expect(answer).toEqual({ before: {}, after: '1', host: true });
  });

  it('still lets Node answer 100-continue', async () => {
    const { continued } = await seen({ Expect: '100-continue' }, () => undefined);
    expect(continued).toBe(true);
    expect((await seen({}, () => undefined)).continued).toBe(false);
  });

  it('finds single headers in the raw list, whatever their case', () => {
    const raw = ['Content-LENGTH', '5', 'content-length', '6', 'A', 'b'];
    expect(rawHeader(raw, 'content-length')).toBe('5');
    expect(rawHeader(raw, 'a')).toBe('b');
    expect(rawHeader(raw, 'host')).toBeUndefined();
  });
});
