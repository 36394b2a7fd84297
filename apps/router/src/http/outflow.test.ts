import { strict as assert } from 'node:assert';
import { describe, expect, it } from '@jest/globals';
import type { ServedEndpoint } from '@lethe/model-catalog';
import fc from 'fast-check';
import { KeepLast, type Outflow, PassThrough, WholeEvents } from './outflow.js';
import { isUsageEvent } from './sse-chunk.js';
import { streamShapeOf } from './stream-shapes.js';

interface Flowed {
  /** What had been sent before the end was known. */
  readonly before: string;
  readonly rest: string;
  readonly writes: number;
}

/** Sends text through in chunks, from a buffer that is overwritten in between, as a socket's is. */
const flow = (outflow: Outflow, text: string, cuts: readonly number[] = []): Flowed => {
  const bytes = Buffer.from(text);
  const at = [...new Set(cuts.map((n) => n % (bytes.length + 1)))].sort((a, b) => a - b);
  const sent: Buffer[] = [];
  let from = 0;
  for (const to of [...at, bytes.length]) {
    const buffer = Buffer.alloc(bytes.length + 20, '\n');
    bytes.copy(buffer, 10, from, to);
    for (const piece of outflow.take(buffer, 10, 10 + to - from))
      sent.push(Buffer.from(piece.buffer.subarray(piece.start, piece.end)));
    buffer.fill(0);
    from = to;
  }
  const rest = outflow.rest().map(({ buffer, start, end }) => buffer.toString('utf8', start, end));
  return { before: Buffer.concat(sent).toString(), rest: rest.join(''), writes: sent.length };
};
const all = ({ before, rest }: Flowed): string => before + rest;

const usageJson = '{"id":"c","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}';
const usageEvent = `data: ${usageJson}\n\n`;
const contentEvent = 'data: {"choices":[{"delta":{"content":"hi"}}],"usage":null}\n\n';
const endEvent = 'data: [DONE]\n\n';

const shape = streamShapeOf('chat_completions');

describe('WholeEvents', () => {
  const removing = () => new WholeEvents({ shape, removeUsageEvent: true, keepEnd: false });

  it('sends events whole, whatever they are cut at, byte for byte', () => {
    const line = fc.oneof(
      fc.constantFrom('data: ', 'data:{"choices":[]}', ': ping', 'event: x', '', '\r', 'data: [DONE]'),
      fc.string({ unit: 'binary', maxLength: 30 }).map((text) => `data: ${JSON.stringify(text)}`),
    );
    const text = fc
      .array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\n\n', '\r\n\r\n')), { maxLength: 20 })
      .map((parts) => parts.flat().join(''));
    const cuts = fc.array(fc.nat(800), { maxLength: 10 });
    fc.assert(
      fc.property(text, cuts, fc.boolean(), (given, at, keepEnd) => {
        const flowed = flow(new WholeEvents({ shape, removeUsageEvent: false, keepEnd }), given, at);
        assert.equal(all(flowed), given);
        if (!keepEnd) assert.ok(flowed.before === '' || /(^|\n)\r?\n$/.test(flowed.before));
      }),
      { seed: 10, numRuns: 2_000 },
    );
  });

  it('takes out the usage event and nothing else, whatever it is cut at', () => {
    const events = [contentEvent, usageEvent, endEvent, ': ping\n\n', usageEvent.replaceAll('\n', '\r\n')];
    const cuts = fc.array(fc.nat(800), { maxLength: 10 });
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...events), { maxLength: 12 }), cuts, (list, at) => {
        const kept = list.filter((event) => !event.includes('"choices":[]'));
        assert.equal(all(flow(removing(), list.join(''), at)), kept.join(''));
      }),
      { seed: 11, numRuns: 2_000 },
    );
  });

  it('sends events that came together in one write', () => {
    expect(flow(removing(), contentEvent.repeat(50)).writes).toBe(1);
    expect(flow(removing(), contentEvent.repeat(5) + usageEvent + endEvent).writes).toBe(2);
  });

  it('keeps the end back, and only that', () => {
    const keeping = new WholeEvents({ shape, removeUsageEvent: true, keepEnd: true });
    expect(flow(keeping, `${contentEvent}${usageEvent}${endEvent}: bye\n\n`, [3, 90])).toMatchObject({
      before: contentEvent,
      rest: `${endEvent}: bye\n\n`,
    });
  });

  it('keeps an unfinished event back until the end is known', () => {
    expect(flow(removing(), `${contentEvent}data: {"unfin`)).toMatchObject({
      before: contentEvent,
      rest: 'data: {"unfin',
    });
  });

  it('stops looking behind an event that is too large', () => {
    const large = `data: ${'x'.repeat(1_100_000)}`;
    const text = `${contentEvent}${large}\n\n${usageEvent}${endEvent}`;
    const flowed = flow(removing(), text, [500_000, 1_080_000]);
    expect(all(flowed) === text).toBe(true);
    expect(flowed.rest).toBe('');
  });
});

describe('KeepLast and PassThrough', () => {
  it('keep nothing, or the last chunk', () => {
    expect(flow(new PassThrough(), 'abcdef', [2, 4])).toEqual({ before: 'abcdef', rest: '', writes: 3 });
    expect(flow(new KeepLast(), 'abcdef', [2, 4])).toEqual({ before: 'abcd', rest: 'ef', writes: 2 });
  });
});

describe('isUsageEvent', () => {
  const is = (text: string): boolean => isUsageEvent(Buffer.from(text));

  it('knows the event by its top level', () => {
    expect(is(usageEvent)).toBe(true);
    expect(is('data:{ "usage" : { } , "choices" : [ ] }\r\n\r\n')).toBe(true);
    expect(is('data: {"usage":{"a":[1]},"x":{"y":"\\"}"},"choices":[]}\n\n')).toBe(true);
    expect(is('event: chunk\ndata: {"choices":[],\ndata: "usage":{}}\n\n')).toBe(true);
  });

  it.each([
    '{"choices":[{"delta":{}}],"usage":{}}',
    '{"choices":[],"usage":null}',
    '{"choices":[]}',
    '{"usage":{}}',
    '{"choices":[],"x_groq":{"usage":{}}}',
    '{"choices":[{"choices":[],"usage":{}}]}',
    '{"choices":[],"text":"\\"usage\\":{}"}',
    '{"choices":[],"prompt_filter_results":[{"usage":{}}]}',
  ])('does not take %s for it', (json) => {
    expect(is(`data: ${json}\n\n`)).toBe(false);
  });

  it('survives what is no JSON', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('"usage"', '"choices"', ':', '[', ']', '{', '}', '"', '\\', ' ', 'data: ')),
        (parts) => {
          is(parts.join(''));
        },
      ),
      { seed: 12, numRuns: 2_000 },
    );
  });
});

describe('the event that ends a stream', () => {
  const ends = (endpoint: ServedEndpoint, text: string): boolean =>
    streamShapeOf(endpoint).isEnd(Buffer.from(text));

  it.each([
    ['chat_completions', 'data: [DONE]\n\n'],
    ['completions', 'data:[DONE]\r\n\r\n'],
    ['responses', 'event: response.completed\ndata: {}\n\n'],
    ['responses', 'event:response.incomplete\r\ndata: {}\r\n\r\n'],
    ['responses', 'data: {"sequence_number":5, "type" : "response.failed","response":{}}\n\n'],
    ['responses', 'event: error\ndata: {}\n\n'],
    ['messages', 'event: message_stop\ndata: {"type":"message_stop"}\n\n'],
    ['messages', 'data: {"type":"message_stop"}\n\n'],
  ] as const)('of %s is known: %j', (endpoint, text) => {
    expect(ends(endpoint, text)).toBe(true);
  });

  it.each([
    ['chat_completions', 'data: {"x":"[DONE]"}\n\n'.padEnd(60)],
    ['chat_completions', ': [DONE]\n\n'],
    ['chat_completions', 'da'],
    ['chat_completions', contentEvent],
    ['responses', 'event: response.created\ndata: {"type":"response.completed"}\n\n'],
    ['responses', 'data: {"delta":"response.completed","type":"response.output_text.delta"}\n\n'],
    ['messages', 'event: message_delta\ndata: {"x":"message_stop"}\n\n'],
    ['messages', 'data: {"type":"message_sto'],
    ['messages', 'data: {"type"'],
  ] as const)('of %s is not %j', (endpoint, text) => {
    expect(ends(endpoint, text)).toBe(false);
  });
});
