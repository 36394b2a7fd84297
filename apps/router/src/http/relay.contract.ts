import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  bodyOf,
  chunk,
  contentEvent,
  endEvent,
  eventStream,
  headOf,
  isEnded,
  json,
  lastChunk,
  plain,
  RelayWorld,
  stream,
  usageEvent,
} from '../testing/relay-world.js';
import { eventually } from '../testing/scripted-provider.js';
import { writeToSockets } from './choose-writer.js';

let world: RelayWorld;

const wholeBodies = (): void => {
  describe('a whole body', () => {
    it('comes through with the headers that pass and ours', async () => {
      world.provider.answerWith(
        json(
          '{"choices":[]}',
          'Set-Cookie: a=b\r\nX-RateLimit-Limit-Requests: 5\r\nRetry-After: 2\r\nopenai-processing-ms: 7\r\n' +
            'request-id: p\r\nx-request-id: q\r\nanthropic-ratelimit-requests-limit: 3\r\n' +
            'openai-organization: secret\r\nserver: x\r\nx-lethe-request-id: forged\r\n',
        ),
      );
      const caller = world.call();
      await eventually(() => world.results.length > 0);
      await eventually(() => caller.text().endsWith('}'));
      expect(bodyOf(caller.text())).toBe('{"choices":[]}');
      const head = headOf(caller.text());
      for (const line of [
        'content-length: 14',
        'x-ratelimit-limit-requests: 5',
        'retry-after: 2',
        'openai-processing-ms: 7',
        '\nrequest-id: p',
        'x-request-id: q',
        'anthropic-ratelimit-requests-limit: 3',
      ])
        expect(head).toContain(line);
      expect(head).toContain('content-type: application/json');
      expect(head.match(/x-lethe-request-id: .*/g)).toEqual(['x-lethe-request-id: r']);
      for (const gone of ['set-cookie', 'openai-organization', 'server:']) expect(head).not.toContain(gone);
      expect(world.results).toEqual([{ ended: 'complete' }]);
      expect(Buffer.concat(world.tapped).toString()).toBe('{"choices":[]}');
      expect(world.firstBytes).toBe(1);
    });

    it('that the provider cuts is broken off, not ended', async () => {
      world.provider.answer = (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{"half');
      const caller = world.call();
      await eventually(caller.closed);
      expect(bodyOf(caller.text())).toBe('{"half');
      expect(world.results).toEqual([{ ended: 'cut' }]);
      world.provider.answer = (socket) =>
        socket.end(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunk('{"half')}`);
      const second = world.call();
      await eventually(second.closed);
      expect(bodyOf(second.text())).toBe('{"half');
      expect(isEnded(second.text())).toBe(false);
    });

    it('of which nothing came becomes an error', async () => {
      world.provider.answer = (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n');
      const caller = world.call();
      await eventually(() => world.results.length > 0);
      await eventually(() => caller.text().endsWith('}'));
      expect(headOf(caller.text())).toContain('http/1.1 502');
      expect(JSON.parse(bodyOf(caller.text()))).toMatchObject({
        error: { code: 'stream_cut', origin: 'provider' },
      });
      expect(world.results).toEqual([{ ended: 'cut' }]);
    });

    it('waits with its last bytes when it must', async () => {
      let allow = (): void => undefined;
      world.settings = {
        ...plain,
        beforeEnd: () =>
          new Promise((resolve) => {
            allow = resolve;
          }),
      };
      world.provider.answerWith('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n01234', '56789');
      const caller = world.call();
      await eventually(() => bodyOf(caller.text()) === '01234');
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(bodyOf(caller.text())).toBe('01234');
      expect(world.results).toEqual([]);
      allow();
      await eventually(() => bodyOf(caller.text()) === '0123456789');
      await eventually(() => world.results[0]?.ended === 'complete');
    });

    it('is never completed when what it waits for fails', async () => {
      world.settings = { ...plain, beforeEnd: () => Promise.reject(new Error('not stored')) };
      world.provider.answerWith('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n01234', '56789');
      const caller = world.call();
      await eventually(caller.closed);
      expect(bodyOf(caller.text())).toBe('01234');
      expect(world.results).toEqual([{ ended: 'cut' }]);
    });
  });
};

const streams = (): void => {
  describe('a stream', () => {
    it('loses the usage event that only the router wanted, which is metered all the same', async () => {
      world.settings = { ...stream, removeUsageEvent: true };
      world.provider.answerWith(
        eventStream,
        chunk(contentEvent),
        chunk(contentEvent + usageEvent + endEvent),
        lastChunk,
      );
      const caller = world.call();
      await eventually(() => isEnded(caller.text()));
      expect(bodyOf(caller.text())).toBe(contentEvent.repeat(2) + endEvent);
      expect(Buffer.concat(world.tapped).toString()).toBe(contentEvent.repeat(2) + usageEvent + endEvent);
      expect(world.results).toEqual([{ ended: 'complete' }]);
      expect(headOf(caller.text())).not.toContain('content-length');
    });

    it('keeps it when the caller wanted it', async () => {
      world.settings = stream;
      world.provider.answerWith(eventStream, chunk(contentEvent + usageEvent + endEvent), lastChunk);
      const caller = world.call();
      await eventually(() => isEnded(caller.text()));
      expect(bodyOf(caller.text())).toBe(contentEvent + usageEvent + endEvent);
    });

    it('begins for the caller before its first event', async () => {
      world.settings = stream;
      world.provider.answerWith(eventStream);
      const caller = world.call();
      await eventually(() => caller.text().includes('\r\n\r\n'));
      expect(headOf(caller.text())).toContain('content-type: text/event-stream');
      expect(world.firstBytes).toBe(0);
    });

    it('that the provider cuts ends with an error event, and is broken off', async () => {
      world.settings = stream;
      world.provider.answer = (socket) => socket.end(eventStream + chunk(`${contentEvent}data: {"half`));
      const caller = world.call();
      await eventually(caller.closed);
      expect(isEnded(caller.text())).toBe(false);
      const [before, error] = bodyOf(caller.text()).split('data: {"error"') as [string, string];
      expect(before).toBe(contentEvent);
      expect(JSON.parse(`{"error"${error}`)).toMatchObject({
        error: { code: 'stream_cut', type: 'provider' },
      });
      expect(world.results).toEqual([{ ended: 'cut' }]);
    });

    it('waits with its end, and with nothing else', async () => {
      let allow = (): void => undefined;
      world.settings = {
        ...stream,
        removeUsageEvent: true,
        beforeEnd: () =>
          new Promise((resolve) => {
            allow = resolve;
          }),
      };
      world.provider.answerWith(
        eventStream,
        chunk(contentEvent),
        chunk(contentEvent + usageEvent + endEvent),
        lastChunk,
      );
      const caller = world.call();
      await eventually(() => bodyOf(caller.text()) === contentEvent.repeat(2));
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(bodyOf(caller.text())).toBe(contentEvent.repeat(2));
      allow();
      await eventually(() => isEnded(caller.text()));
      expect(bodyOf(caller.text())).toBe(contentEvent.repeat(2) + endEvent);
    });
  });
};

const callers = (): void => {
  describe('the caller', () => {
    it('cuts the provider off by leaving', async () => {
      world.settings = stream;
      world.provider.answerWith(eventStream, chunk(contentEvent));
      const caller = world.call();
      await eventually(() => bodyOf(caller.text()) === contentEvent);
      caller.socket.destroy();
      await eventually(() => world.results.length > 0);
      expect(world.results).toEqual([{ ended: 'client_aborted' }]);
      await eventually(() => world.provider.sockets.every((socket) => socket.destroyed));
    });

    it('is not told that the provider cut what was cut on its own behalf', async () => {
      world.settings = stream;
      world.provider.answerWith(eventStream, chunk(contentEvent));
      const caller = world.call();
      await eventually(() => bodyOf(caller.text()) === contentEvent);
      world.cutUpstream();
      await eventually(() => world.results.length > 0);
      expect(world.results).toEqual([{ ended: 'client_aborted' }]);
      expect(bodyOf(caller.text())).toBe(contentEvent);
    });

    it('that reads slowly slows the provider, gets everything, and leaves nothing behind', async () => {
      const made: Buffer[] = [];
      const original = Buffer.allocUnsafeSlow.bind(Buffer);
      const spy = jest.spyOn(Buffer, 'allocUnsafeSlow').mockImplementation((size) => {
        const buffer = original(size).fill(0);
        made.push(buffer);
        return buffer;
      });
      const total = 30_000_000;
      let sentAll = false;
      world.provider.answer = (socket) => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${total}\r\n\r\n`);
        socket.write(Buffer.alloc(total, 'canary'), () => {
          sentAll = true;
        });
      };
      world.client = world.provider.client();
      const caller = world.call();
      caller.socket.pause();
      await eventually(() => world.firstBytes > 0);
      // The positive control: what waits for the caller is in memory.
      await eventually(() => made.some((buffer) => buffer.includes('canary')));
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(sentAll).toBe(false);
      expect(made.length).toBeLessThan(20);
      let received = 0;
      caller.socket.removeAllListeners('data');
      caller.socket.on('data', (bytes) => {
        received += bytes.length;
      });
      caller.socket.resume();
      await eventually(() => world.results.length > 0);
      await eventually(() => received >= total);
      await new Promise((resolve) => setTimeout(resolve, 30));
      expect(made.some((buffer) => buffer.includes('canary'))).toBe(false);
      spy.mockRestore();
    });

    it('that stops reading is left after a while', async () => {
      world.settings = { ...plain, stallMsMax: 150 };
      world.provider.answer = (socket) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 50000000\r\n\r\n');
        socket.write(Buffer.alloc(50_000_000));
      };
      const caller = world.call();
      caller.socket.pause();
      await eventually(() => world.results.length > 0);
      expect(world.results).toEqual([{ ended: 'client_aborted' }]);
      await eventually(() => world.provider.sockets.every((socket) => socket.destroyed));
    });

    it('that pipelines gets its answers in order', async () => {
      let count = 0;
      world.provider.answer = (socket) => {
        const mine = count++;
        setTimeout(() => socket.write(json(`{"n":${mine}}`)), mine === 0 ? 80 : 0);
      };
      const caller = world.call('GET / HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(5));
      await eventually(() => world.results.length === 5);
      await eventually(() => caller.text().includes('{"n":4}'));
      const order = [...caller.text().matchAll(/\{"n":(\d)\}/g)].map(([, n]) => Number(n));
      expect(order).toEqual([0, 1, 2, 3, 4]);
    });

    it('of HTTP/1.0 gets a body that ends with the connection', async () => {
      world.settings = stream;
      world.provider.answerWith(eventStream, chunk(contentEvent), chunk(endEvent), lastChunk);
      const caller = world.call('GET / HTTP/1.0\r\n\r\n');
      await eventually(caller.closed);
      expect(caller.text().split('\r\n\r\n')[1]).toBe(contentEvent + endEvent);
    });
  });
};

/** What the relay does whichever way it writes. */
export const relayContract = (name: string, usesSockets: boolean, asks?: string): void => {
  describe(name, () => {
    beforeAll(async () => {
      writeToSockets(usesSockets);
      world = await RelayWorld.start();
      world.asks = asks ?? world.asks;
    });
    afterAll(() => {
      world.stop();
      writeToSockets(false);
    });
    beforeEach(() => world.begin());
    afterEach(() => world.end());
    wholeBodies();
    streams();
    callers();
  });
};
