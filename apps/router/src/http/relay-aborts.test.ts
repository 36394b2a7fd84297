import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ServedEndpoint } from '@lethe/model-catalog';
import fc from 'fast-check';
import { ResponseMeter } from '../meter/usage-reader.js';
import {
  bodyOf,
  chunk,
  eventStream,
  getRequest,
  isEnded,
  lastChunk,
  plain,
  plainRequest,
  RelayWorld,
} from '../testing/relay-world.js';
import { eventually } from '../testing/scripted-provider.js';
import { writeToSockets } from './choose-writer.js';
import { streamShapeOf } from './stream-shapes.js';

const canary = 'canary-of-an-answer';
const event = (data: object, name?: string): string =>
  `${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`;

/** One small stream of each dialect, its end event last. */
const streams: Readonly<Partial<Record<ServedEndpoint, readonly string[]>>> = {
  chat_completions: [
    event({ choices: [{ delta: { content: canary }, finish_reason: 'stop' }] }),
    event({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } }),
    'data: [DONE]\n\n',
  ],
  responses: [
    event({ type: 'response.output_text.delta', delta: canary }, 'response.output_text.delta'),
    event(
      {
        type: 'response.completed',
        response: { status: 'completed', usage: { input_tokens: 1, output_tokens: 2 } },
      },
      'response.completed',
    ),
  ],
  messages: [
    event(
      { type: 'message_start', message: { usage: { input_tokens: 1, output_tokens: 1 } } },
      'message_start',
    ),
    event(
      { type: 'content_block_delta', delta: { type: 'text_delta', text: canary } },
      'content_block_delta',
    ),
    event(
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } },
      'message_delta',
    ),
    event({ type: 'message_stop' }, 'message_stop'),
  ],
};
const cases = Object.entries(streams) as [ServedEndpoint, readonly string[]][];
const ways = [
  ['through Node', false, getRequest],
  ['to sockets', true, getRequest],
  ['to whom Node did not read', false, plainRequest],
] as const;

/** Every Buffer made while the tests run, among them those that are kept for the next response. */
let made: Buffer[] = [];
const watch = (method: 'alloc' | 'allocUnsafeSlow'): { mockRestore(): void } => {
  const original = Buffer[method].bind(Buffer);
  return jest.spyOn(Buffer, method).mockImplementation((size: number) => {
    const buffer = original(size).fill(0);
    made.push(buffer);
    return buffer;
  });
};
const isAnywhere = (): boolean => made.some((buffer) => buffer.includes(canary));

let world: RelayWorld;
let meter: ResponseMeter;
const rejections: unknown[] = [];
const onRejection = (reason: unknown): void => {
  rejections.push(reason);
};
const spies: { mockRestore(): void }[] = [];
beforeAll(async () => {
  spies.push(watch('alloc'), watch('allocUnsafeSlow'));
  process.on('unhandledRejection', onRejection);
  world = await RelayWorld.start();
});
afterAll(() => {
  world.stop();
  process.off('unhandledRejection', onRejection);
  for (const spy of spies) spy.mockRestore();
  writeToSockets(false);
});
beforeEach(() => world.begin());
afterEach(() => world.end());

const begin = (endpoint: ServedEndpoint): void => {
  world.results = [];
  world.tapped = [];
  meter = new ResponseMeter(endpoint, true);
  world.taps = [meter.tap];
  world.settings = { ...plain, endpoint, streaming: true, removeUsageEvent: true };
};

/** What holds whenever an answer is over, however it ended. */
const expectClean = (): void => {
  meter.wipe();
  expect(world.results).toHaveLength(1);
  expect(isAnywhere()).toBe(false);
  // The small ones are not used again; the others serve the next answer.
  made = made.filter(({ length }) => length >= 8 * 1024);
  expect(rejections).toEqual([]);
};

const wireOf = (events: readonly string[]): string => eventStream + events.map(chunk).join('') + lastChunk;
const positionsOf = (events: readonly string[]): fc.Arbitrary<number> =>
  fc.integer({ min: eventStream.length, max: wireOf(events).length - 1 });

describe.each(ways)('an answer written %s', (_way, usesSockets, asks) => {
  beforeAll(() => {
    writeToSockets(usesSockets);
    world.asks = asks;
  });

  it.each(cases)(
    'of %s that the provider cuts at any byte is told to be cut',
    async (endpoint, events) => {
      const wire = wireOf(events);
      const { cutEvent } = streamShapeOf(endpoint);
      const kept = events.filter((one) => !one.includes('"choices":[]'));
      for (let at = eventStream.length; at < wire.length; at++) {
        begin(endpoint);
        world.provider.answer = (socket) => socket.end(wire.slice(0, at));
        const caller = world.call();
        await eventually(() => caller.closed() && world.results.length > 0);
        expect(world.results).toEqual([{ ended: 'cut' }]);
        expect(isEnded(caller.text())).toBe(false);
        const body = bodyOf(caller.text());
        // Whole events of the provider, then the one that says so.
        if (world.tapped.length > 0) {
          expect(body.endsWith(cutEvent.toString())).toBe(true);
          expect(kept.join('').startsWith(body.slice(0, -cutEvent.length))).toBe(true);
        }
        expectClean();
      }
    },
    60_000,
  );

  it.each(cases)(
    'of %s that the caller leaves at any byte cuts the provider',
    async (endpoint, events) => {
      const wire = wireOf(events);
      let seen = false;
      await fc.assert(
        fc.asyncProperty(positionsOf(events), fc.boolean(), async (at, resets) => {
          begin(endpoint);
          world.provider.answer = (socket) => socket.write(wire.slice(0, at));
          const caller = world.call();
          const arrived = Buffer.byteLength(
            bodyOf(`transfer-encoding: chunked\r\n\r\n${wire.slice(eventStream.length, at)}`),
          );
          await eventually(
            () => caller.text().includes('\r\n\r\n') && Buffer.concat(world.tapped).length >= arrived,
          );
          seen ||= isAnywhere();
          if (resets) caller.socket.resetAndDestroy();
          else caller.socket.destroy();
          await eventually(() => world.results.length > 0);
          expect(world.results).toEqual([{ ended: 'client_aborted' }]);
          await eventually(() => world.provider.sockets.every((socket) => socket.destroyed));
          expectClean();
        }),
        { seed: 41, numRuns: process.env.LETHE_LONG === '1' ? 2_000 : 30 },
      );
      // The positive control: what was answered is in memory while it has not been taken whole.
      expect(seen).toBe(true);
    },
    120_000,
  );
});
