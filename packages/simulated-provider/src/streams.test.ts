import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  ask,
  askChat,
  choicesOf,
  chunksOf,
  contentOf,
  deltasOf,
  eventsOf,
  finishReasonsOf,
  jsonOf,
  messageOf,
  streamedText,
  until,
  user,
} from '../test-client.js';
import { isObject, type JsonObject } from './json-codec.js';
import { ANSWER_MODELS } from './models.js';
import { type SimulatedProvider, startSimulatedProvider } from './simulated-provider.js';

let provider: SimulatedProvider;
beforeAll(async () => {
  provider = await startSimulatedProvider({ seed: 'streams' });
});
afterAll(() => provider.close());

const LONG_TEXT = 'Wörter — und 🌿 mehr. '.repeat(40);
const WITH_USAGE = { stream: true, stream_options: { include_usage: true } };
const TOOLS = [
  {
    type: 'function',
    function: { name: 'f', parameters: { properties: { a: { type: 'string' } }, required: ['a'] } },
  },
];

describe.each(ANSWER_MODELS)('the stream of %s', (model) => {
  const request: JsonObject = { messages: [user(LONG_TEXT)], ...(model === 'tools' && { tools: TOOLS }) };

  it('says the same as the whole answer', async () => {
    const completion = jsonOf(await askChat(provider.url, model, request));
    const stream = await askChat(provider.url, model, { ...request, ...WITH_USAGE });
    expect(streamedText(stream)).toBe(messageOf(completion).content ?? '');
    expect(finishReasonsOf(stream)).toEqual([choicesOf(completion)[0]?.finish_reason]);
    expect(chunksOf(stream).at(-1)?.usage).toEqual(completion.usage);
    expect(new Set(chunksOf(stream).map((chunk) => chunk.id))).toEqual(new Set([completion.id]));
  });

  it('leaves in the ledger, counted event by event, what the usage says', async () => {
    provider.reset();
    const stream = await askChat(provider.url, model, { ...request, ...WITH_USAGE });
    await askChat(provider.url, model, request);
    const [streamed, whole] = provider.ledger();
    const usage = chunksOf(stream).at(-1)?.usage;
    expect(isObject(usage) && usage.completion_tokens).toBe(streamed?.completionTokens);
    expect(streamed?.completionTokens).toBeGreaterThan(0);
    const tokens = [
      'promptTokens',
      'completionTokens',
      'reasoningTokens',
      'cachedTokens',
      'cacheWriteTokens',
    ];
    for (const field of tokens as (keyof NonNullable<typeof whole>)[]) {
      expect([field, streamed?.[field]]).toEqual([field, whole?.[field]]);
    }
  });
});

describe('usage in a stream', () => {
  it('comes in one extra chunk without choices when asked for, and every other chunk says null', async () => {
    const events = eventsOf(await askChat(provider.url, 'echo', WITH_USAGE));
    expect(events.at(-1)).toBe('[DONE]');
    const chunks = events.slice(0, -1) as JsonObject[];
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 3 } });
    expect(chunks.slice(0, -1).map((chunk) => chunk.usage)).toEqual(chunks.slice(0, -1).map(() => null));
  });

  it('is not spoken of when it was not asked for', async () => {
    const stream = await askChat(provider.url, 'echo', { stream: true });
    expect(stream.body.toString()).not.toContain('usage');
    expect(eventsOf(stream).at(-1)).toBe('[DONE]');
    expect(finishReasonsOf(stream)).toEqual(['stop']);
  });
});

describe('the pieces of a stream', () => {
  it('are 1 to 8 characters, the same each time', async () => {
    const first = await askChat(provider.url, 'echo', { messages: [user(LONG_TEXT)], stream: true });
    const again = await askChat(provider.url, 'echo', { messages: [user(LONG_TEXT)], stream: true });
    expect(again.body.equals(first.body)).toBe(true);
    const lengths = deltasOf(first, 'content')
      .slice(1)
      .map((piece) => String(piece).length);
    expect(Math.max(...lengths)).toBe(8);
    expect(Math.min(...lengths)).toBe(1);
  });

  it('grow with a very long text, so that their number is bounded', async () => {
    const text = '🌿a'.repeat(350_000);
    const stream = await askChat(provider.url, 'echo', { messages: [user(text)], stream: true });
    expect(streamedText(stream)).toBe(text);
    expect(deltasOf(stream, 'content').length).toBeLessThan(12_000);
  });

  it('carry padding when it is asked for by name', async () => {
    const padded = { stream: true, stream_options: { include_obfuscation: true } };
    const chunks = chunksOf(await askChat(provider.url, 'echo', padded));
    expect(chunks.every((chunk) => typeof chunk.obfuscation === 'string')).toBe(true);
    expect(chunks[0]?.usage).toBeUndefined();
  });

  it('are spaced by the delay in the model’s name', async () => {
    const began = performance.now();
    const stream = await askChat(provider.url, 'echo~20', { stream: true });
    const gaps = chunksOf(stream).length;
    // A timer may fire a millisecond early; it never fires much earlier.
    expect(performance.now() - began).toBeGreaterThan(gaps * 20 * 0.9);
    expect(chunksOf(stream)[0]?.model).toBe('echo~20');
  });
});

describe('a client that leaves', () => {
  it('is noted, with the tokens that got out', async () => {
    provider.reset();
    const messages = [user('x'.repeat(4_000))];
    await askChat(
      provider.url,
      'echo~5',
      { messages, stream: true },
      {
        body: JSON.stringify({ model: 'echo~5', messages, stream: true }),
        leaveAfterBytes: 2_000,
      },
    );
    await until(() => provider.ledger()[0]?.open === false);
    const [entry] = provider.ledger();
    expect(entry).toMatchObject({ aborted: true, completed: false, status: 200, promptTokens: 1_000 });
    expect(entry?.completionTokens).toBeGreaterThan(0);
    expect(entry?.completionTokens).toBeLessThan(1_000);
  });

  it('amid its upload leaves an entry without a status', async () => {
    provider.reset();
    const left = ask(`${provider.url}/v1/chat/completions`, {
      headers: { 'content-length': '1000' },
      method: 'POST',
      body: '{"model":',
    }).catch(() => 'no head');
    await until(() => provider.ledger().length === 1);
    await provider.close();
    expect(await left).toBe('no head');
    await until(() => provider.ledger()[0]?.open === false);
    expect(provider.ledger()[0]).toMatchObject({ status: 0, aborted: true, completed: false });
    provider = await startSimulatedProvider({ seed: 'streams' });
  });
});

describe('load', () => {
  it('serves a body of 1 MB', async () => {
    const text = 'm'.repeat(1024 * 1024);
    const completion = jsonOf(await askChat(provider.url, 'echo', { messages: [user(text)] }));
    expect(contentOf(completion) === text).toBe(true);
  });

  it('keeps many answers apart', async () => {
    const texts = Array.from({ length: 60 }, (_, index) => `number ${index} `.repeat(30));
    const replies = await Promise.all(
      texts.map((text, index) =>
        askChat(provider.url, 'echo', { messages: [user(text)], stream: index % 2 === 0 }),
      ),
    );
    const answers = replies.map((reply, index) =>
      index % 2 === 0 ? streamedText(reply) : contentOf(jsonOf(reply)),
    );
    expect(answers).toEqual(texts);
  });
});
