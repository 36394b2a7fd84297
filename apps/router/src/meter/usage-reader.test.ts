import { strict as assert } from 'node:assert';
import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import type { ResponseReading } from './types.js';
import { ResponseMeter } from './usage-reader.js';

const meter = (bytes: Buffer, streaming: boolean, cuts: readonly number[] = []): ResponseReading => {
  const reader = new ResponseMeter('chat_completions', streaming);
  // Like a socket's buffer: more in it than the bytes that count.
  const buffer = Buffer.alloc(bytes.length + 64, '"');
  let from = 0;
  for (const to of [...[...cuts].sort((a, b) => a - b), bytes.length]) {
    const end = Math.max(from, Math.min(to, bytes.length));
    bytes.copy(buffer, 32, from, end);
    reader.tap(buffer, 32, 32 + end - from);
    from = end;
  }
  const reading = reader.read();
  reader.wipe();
  return reading;
};
const meterText = (text: string, streaming = false): ResponseReading => meter(Buffer.from(text), streaming);
const everyByte = (bytes: Buffer): number[] => Array.from(bytes, (_, index) => index);

describe('ResponseMeter', () => {
  it('is not misled by content that speaks of usage', () => {
    const lie = '{"usage":{"prompt_tokens":999,"completion_tokens":999},"finish_reason":"length","error":{}}';
    const document = JSON.stringify({
      choices: [
        {
          message: {
            content: lie,
            usage: { prompt_tokens: 998 },
            tool_calls: [{ function: { arguments: lie } }],
          },
          logprobs: {
            content: [{ token: '"usage":{', usage: { prompt_tokens: 997 }, finish_reason: 'length' }],
          },
          finish_reason: 'stop',
          error: { message: lie },
        },
      ],
      usage_breakdown: { usage: { prompt_tokens: 996 } },
      usage: { prompt_tokens: 3, completion_tokens: 4, note: lie, other: { prompt_tokens: 995 } },
      details: { usage: { prompt_tokens: 994 } },
    });
    const expected = { finishReason: 'stop', streamError: false, usage: { tokensInput: 3, tokensOutput: 4 } };
    for (const streaming of [false, true]) {
      const text = streaming ? `data: ${document}\n\n` : document;
      expect(meterText(text, streaming)).toMatchObject(expected);
      const bytes = Buffer.from(text);
      expect(meter(bytes, streaming, everyByte(bytes))).toMatchObject(expected);
    }
  });

  it('reads what a parser reads, from any content and cuts', () => {
    const content = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc
        .array(fc.constantFrom('\\', '"', '\\"', 'usage', '{', '}', ':', '\n', 'é'), { maxLength: 60 })
        .map((parts) => parts.join('')),
    );
    const integer = fc.nat(1_000_000);
    const cuts = fc.array(fc.nat(1_500), { maxLength: 12 });
    const usage = fc.record({ prompt_tokens: integer, completion_tokens: integer, total_tokens: integer });
    fc.assert(
      fc.property(
        content,
        fc.anything({ maxDepth: 3, withBigInt: false }),
        fc.option(usage),
        cuts,
        fc.boolean(),
        fc.constantFrom(0, 1),
        (text, extra, tokens, at, streaming, indent) => {
          const document = {
            [text]: extra ?? null,
            choices: [{ message: { content: text, extra }, finish_reason: 'stop' }],
            usage: tokens,
          };
          const json = JSON.stringify(document, null, streaming ? 0 : indent);
          const bytes = Buffer.from(streaming ? `data: ${json}\n\n` : json);
          const reading = meter(bytes, streaming, at);
          if (text !== 'choices' && text !== 'usage' && text !== 'error' && text !== 'object') {
            assert.equal(reading.usage?.tokensInput, tokens?.prompt_tokens);
            assert.equal(reading.usage?.tokensOutput, tokens?.completion_tokens);
            assert.equal(reading.finishReason, 'stop');
            assert.equal(reading.streamError, false);
          }
        },
      ),
      { seed: 8, numRuns: 3_000 },
    );
  });

  it('never throws on what is no JSON', () => {
    const soup = fc
      .array(
        fc.constantFrom(
          'data: ',
          '{"usage":{"prompt_tokens":',
          '{',
          '}',
          ']',
          '"',
          '\\',
          '1',
          ':',
          ',',
          '\n',
          '[DONE]',
          'e',
        ),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(soup, fc.array(fc.nat(200), { maxLength: 6 }), fc.boolean(), (text, at, streaming) => {
        meter(Buffer.from(text), streaming, at);
      }),
      { seed: 9, numRuns: 3_000 },
    );
  });

  it.each([
    ['cached under the usage itself', { prompt_tokens: 9, cached_tokens: 4 }, { tokensCached: 4 }],
    ['cached as DeepSeek says it', { prompt_tokens: 9, prompt_cache_hit_tokens: 5 }, { tokensCached: 5 }],
    [
      'cache writes, by either name',
      { prompt_tokens: 9, prompt_tokens_details: { cached_tokens: 2, cache_write_tokens: 3 } },
      { tokensCached: 2, tokensCacheWrite: 3 },
    ],
    [
      'cache writes, by either name',
      { prompt_tokens: 9, prompt_tokens_details: { caching_tokens: 3 } },
      { tokensCacheWrite: 3 },
    ],
    [
      'reasoning within the output',
      {
        prompt_tokens: 9,
        completion_tokens: 8,
        total_tokens: 17,
        completion_tokens_details: { reasoning_tokens: 5 },
      },
      { tokensOutput: 8, tokensReasoning: 5 },
    ],
    [
      'reasoning beside the output',
      {
        prompt_tokens: 9,
        completion_tokens: 8,
        total_tokens: 22,
        completion_tokens_details: { reasoning_tokens: 5 },
      },
      { tokensOutput: 13, tokensReasoning: 5 },
    ],
    [
      'more cached than there is',
      { prompt_tokens: 9, cached_tokens: 40 },
      { tokensInput: 9, tokensCached: 9 },
    ],
    ['input only', { prompt_tokens: 9 }, { tokensInput: 9, tokensOutput: 0 }],
  ])('counts %s', (_, usage, expected) => {
    expect(meterText(JSON.stringify({ usage })).usage).toMatchObject(expected);
  });

  it.each([
    '{}',
    'null',
    '[]',
    '"12"',
    '{"prompt_tokens":"5"}',
    '{"prompt_tokens":-5}',
    '{"prompt_tokens":1.5}',
    '{"prompt_tokens":1e3}',
    '{"prompt_tokens":null}',
    `{"prompt_tokens":${'9'.repeat(16)}}`,
  ])('takes usage %s for none', (usage) => {
    expect(meterText(`{"usage":${usage}}`).usage).toBeUndefined();
  });

  it('keeps to the last usage that counts something', () => {
    const events = [
      '{"choices":[{"delta":{}}],"usage":{"prompt_tokens":5,"completion_tokens":1}}',
      '{"choices":[{"delta":{}}],"usage":{"prompt_tokens":5,"completion_tokens":2}}',
      '{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":null}',
    ];
    const reading = meterText(events.map((event) => `data: ${event}\n\n`).join(''), true);
    expect(reading).toMatchObject({ usage: { tokensOutput: 2 }, contentEvents: 3, endMarkSeen: false });
    const cut = '{"usage":{"prompt_tokens":5,"completion_tokens":1}}{"usage":{"prompt_tokens":7';
    expect(meterText(cut).usage).toMatchObject({ tokensInput: 5 });
  });

  it("reads Groq's own place when there is no other", () => {
    const usage = '{"prompt_tokens":5,"completion_tokens":1}';
    const groq = (extra: string): string =>
      `data: {"choices":[{}],"x_groq":{"id":"r","usage":${usage}}${extra}}\n\n`;
    expect(meterText(groq(''), true).usage).toMatchObject({ tokensInput: 5, tokensOutput: 1 });
    expect(meterText(groq(',"usage":{"prompt_tokens":6}'), true).usage).toMatchObject({ tokensInput: 6 });
  });

  it.each([
    ['"stop"', 'stop'],
    ['"length"', 'length'],
    ['"model_length"', 'length'],
    ['"tool_calls"', 'tool_calls'],
    ['"function_call"', 'tool_calls'],
    ['"content_filter"', 'content_filter'],
    ['"error"', 'error'],
    ['"unheard_of: a canary"', 'other'],
    ['"st\\u006fp"', 'other'],
    [`"${'stop'.repeat(50)}"`, 'other'],
    ['null', 'unspecified'],
    ['5', 'unspecified'],
  ])('makes of finish reason %s the closed %s', (given, expected) => {
    expect(meterText(`{"choices":[{"finish_reason":${given}}]}`).finishReason).toBe(expected);
  });

  it('notices errors within a stream, however they are spelled, and no others', () => {
    const stream = (event: string): boolean =>
      meterText(`data: {"choices":[{}]}\n\ndata: ${event}\n\n`, true).streamError;
    expect(stream('{"error":{"message":"x"}}')).toBe(true);
    expect(stream('{"error":"x"}')).toBe(true);
    expect(stream('{"object":"error","message":"x"}')).toBe(true);
    expect(stream('{"error":null}')).toBe(false);
    expect(stream('{"object":"chat.completion.chunk","choices":[{"error":{}}]}')).toBe(false);
  });

  it('recovers after an event that is broken', () => {
    const broken = 'data: {"choices":[{"delta":{"content":"never closed\n\n';
    const good =
      'data: {"choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\ndata: [DONE]\n\n';
    expect(meterText(broken + good, true)).toMatchObject({
      usage: { tokensOutput: 2 },
      finishReason: 'stop',
      endMarkSeen: true,
      contentEvents: 2,
    });
  });

  it('reads data that is spread over lines, and goes by what came, not by what was asked', () => {
    const spread = 'data: {"choices":\ndata: [{"finish_reason":"stop"}]}\n\n';
    expect(meterText(spread, true)).toMatchObject({ finishReason: 'stop', contentEvents: 1 });
    const document = ' \n{"choices":[{"finish_reason":"stop"}]}';
    expect(meterText(document, true)).toMatchObject({
      finishReason: 'stop',
      endMarkSeen: true,
      contentEvents: 0,
    });
    expect(meterText(`${spread}data: [DONE]`, false)).toMatchObject({ endMarkSeen: true, contentEvents: 1 });
    expect(meterText('', false).endMarkSeen).toBe(false);
    expect(meterText('{"choices":[', false).endMarkSeen).toBe(false);
  });

  it('overwrites the bytes it has copied, of documents and of streams', () => {
    for (const text of [
      '{"choices":[{"finish_reason":"a canary"}]}',
      `data: {"choices":[{"delta":"canary"}]}\n\n`.repeat(2_000),
      `data: {"choices":[{"delta":"${'canary'.repeat(5_000)}`,
    ]) {
      const made: Buffer[] = [];
      const original = Buffer.alloc.bind(Buffer);
      const allocate = jest.spyOn(Buffer, 'alloc').mockImplementation((size: number) => {
        const buffer = original(size);
        made.push(buffer);
        return buffer;
      });
      // Streams copy into Buffers that earlier ones have used.
      const { copy } = Buffer.prototype;
      Buffer.prototype.copy = function (this: Buffer, target: Uint8Array, ...places: number[]) {
        made.push(target as Buffer);
        return copy.call(this, target, ...places);
      };
      const reader = new ResponseMeter('chat_completions', true);
      const bytes = Buffer.from(text);
      // The one of the document is cut within what it copies.
      const step = text.startsWith('{') ? 38 : 1_000;
      for (let at = 0; at < bytes.length; at += step)
        reader.tap(bytes, at, Math.min(bytes.length, at + step));
      allocate.mockRestore();
      Buffer.prototype.copy = copy;
      const held = made.some((buffer) => buffer.includes('canary'));
      reader.wipe();
      expect([held, made.some((buffer) => buffer.includes('canary'))]).toEqual([true, false]);
    }
  });
});
