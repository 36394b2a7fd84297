import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  askChat,
  choicesOf,
  contentOf,
  deltasOf,
  finishReasonsOf,
  jsonOf,
  messageOf,
  streamedText,
  user,
} from '../../test-client.js';
import { type Json, type JsonObject, listOr, objectOr } from '../json-codec.js';
import { type SimulatedProvider, startSimulatedProvider } from '../simulated-provider.js';
import { countTokens } from '../tokens.js';

let provider: SimulatedProvider;
beforeAll(async () => {
  provider = await startSimulatedProvider({ seed: 'answers' });
});
afterAll(() => provider.close());

const whole = async (model: string, rest: JsonObject = {}): Promise<JsonObject> =>
  jsonOf(await askChat(provider.url, model, rest));
const usageOf = (completion: JsonObject): JsonObject => objectOr(completion.usage);

describe('echo', () => {
  it('repeats the last user message, not the last message', async () => {
    const messages = [user('first'), user('second 🌿'), { role: 'assistant', content: 'third' }];
    expect(contentOf(await whole('echo', { messages }))).toBe('second 🌿');
  });

  it('joins text parts and ignores others', async () => {
    const parts: Json = [
      { type: 'text', text: 'one ' },
      { type: 'image_url', image_url: { url: 'data:,x' } },
      { type: 'text', text: 'two' },
    ];
    expect(contentOf(await whole('echo', { messages: [user(parts)] }))).toBe('one two');
  });

  it('counts a token for every four bytes begun, message by message', async () => {
    const messages = [{ role: 'system', content: 'abcde' }, user('müßig')];
    const usage = usageOf(await whole('echo', { messages }));
    expect(usage).toMatchObject({ prompt_tokens: 2 + 2, completion_tokens: 2, total_tokens: 6 });
    expect(objectOr(usage.prompt_tokens_details).cached_tokens).toBe(0);
  });

  it('ends before a stop sequence and at the token limit', async () => {
    const messages = [user('one two three four')];
    const stopped = await whole('echo', { messages, stop: ['four', ' three'] });
    expect([contentOf(stopped), choicesOf(stopped)[0]?.finish_reason]).toEqual(['one two', 'stop']);
    const cut = await whole('echo', { messages, max_tokens: 2 });
    expect([contentOf(cut), choicesOf(cut)[0]?.finish_reason]).toEqual(['one two ', 'length']);
  });

  it('never cuts inside a character', async () => {
    const completion = await whole('echo', { messages: [user('abc🌿def')], max_completion_tokens: 1 });
    expect(contentOf(completion)).toBe('abc');
  });
});

describe('chat', () => {
  it('gives the same bytes for the same request, and others for another seed or message', async () => {
    const bytes = async (rest: JsonObject): Promise<string> =>
      (await askChat(provider.url, 'chat', rest)).body.toString();
    const first = await bytes({});
    expect(await bytes({})).toBe(first);
    expect(await bytes({ store: false })).toBe(first);
    expect(await bytes({ seed: 7 })).not.toBe(first);
    expect(await bytes({ messages: [user('Something else')] })).not.toBe(first);
  });

  it('depends on the provider’s seed', async () => {
    const other = await startSimulatedProvider({ seed: 'another' });
    const elsewhere = contentOf(jsonOf(await askChat(other.url, 'chat')));
    await other.close();
    expect(elsewhere).not.toBe(contentOf(await whole('chat')));
  });

  it('ends by itself in a whole sentence, or fills the limit it is given', async () => {
    const natural = await whole('chat');
    expect(contentOf(natural)).toMatch(/[.!?]$/);
    expect(choicesOf(natural)[0]?.finish_reason).toBe('stop');
    const long = await whole('chat', { max_tokens: 5_000 });
    const { completion_tokens: tokens } = usageOf(long);
    expect(tokens).toBe(countTokens(contentOf(long)));
    expect(tokens).toBeGreaterThan(4_995);
    expect(tokens).toBeLessThanOrEqual(5_000);
    expect(choicesOf(long)[0]?.finish_reason).toBe('length');
  });

  it('writes no more than a fixed amount however much is allowed', async () => {
    const huge = await whole('chat', { max_tokens: 1e12 });
    expect(usageOf(huge).completion_tokens).toBeLessThan(100_100);
    expect(choicesOf(huge)[0]?.finish_reason).toBe('stop');
  });

  it('gives n different choices, whole and streamed, and counts them all', async () => {
    const completion = await whole('chat', { n: 3 });
    const texts = [0, 1, 2].map((index) => contentOf(completion, index));
    expect(new Set(texts).size).toBe(3);
    expect(usageOf(completion).completion_tokens).toBe(
      texts.reduce((sum, text) => sum + countTokens(text), 0),
    );
    const stream = await askChat(provider.url, 'chat', { n: 3, stream: true });
    expect([0, 1, 2].map((index) => streamedText(stream, 'content', index))).toEqual(texts);
    expect(finishReasonsOf(stream)).toEqual(['stop', 'stop', 'stop']);
  });

  it('gives logprobs only when asked, whose tokens make up the text', async () => {
    expect(choicesOf(await whole('chat'))[0]?.logprobs).toBeNull();
    const completion = await whole('chat', { logprobs: true, top_logprobs: 2 });
    const tokens = listOr(objectOr(choicesOf(completion)[0]?.logprobs).content).map(objectOr);
    expect(tokens.map((entry) => entry.token).join('')).toBe(contentOf(completion));
    expect(tokens.every((entry) => listOr(entry.top_logprobs).length === 2)).toBe(true);
  });
});

describe('tools', () => {
  const tool = (name: string, properties: JsonObject): Json => ({
    type: 'function',
    function: { name, parameters: { type: 'object', properties, required: Object.keys(properties) } },
  });
  const tools = [
    tool('weather', { city: { type: 'string' }, days: { type: 'integer', minimum: 3 } }),
    tool('units', { unit: { enum: ['C'] } }),
  ];
  const callOf = (completion: JsonObject): JsonObject =>
    objectOr(objectOr(listOr(messageOf(completion).tool_calls)[0]).function);

  it('calls the first tool with arguments that fit', async () => {
    const completion = await whole('tools', { tools });
    expect(callOf(completion)).toEqual({ name: 'weather', arguments: '{"city":"Hello there","days":3}' });
    expect(choicesOf(completion)[0]?.finish_reason).toBe('tool_calls');
    expect(messageOf(completion).content).toBeNull();
  });

  it('honours tool_choice', async () => {
    const named = { type: 'function', function: { name: 'units' } };
    expect(callOf(await whole('tools', { tools, tool_choice: named }))).toEqual({
      name: 'units',
      arguments: '{"unit":"C"}',
    });
    const none = await whole('tools', { tools, tool_choice: 'none' });
    expect(messageOf(none).tool_calls).toBeUndefined();
    expect(contentOf(none)).toContain('Hello there');
  });

  it('streams the arguments in pieces that make up the same call', async () => {
    const completion = await whole('tools', { tools });
    const stream = await askChat(provider.url, 'tools', { tools, stream: true });
    const steps = deltasOf(stream, 'tool_calls').map((calls) => objectOr(listOr(calls)[0]));
    expect(steps.length).toBeGreaterThan(3);
    expect(steps[0]).toMatchObject({ index: 0, type: 'function', function: { name: 'weather' } });
    const text = steps.map((step) => String(objectOr(step.function).arguments)).join('');
    expect(text).toBe(callOf(completion).arguments);
    expect(finishReasonsOf(stream)).toEqual(['tool_calls']);
  });

  it('answers with text once the tool has answered', async () => {
    const messages = [user('How warm?'), { role: 'tool', tool_call_id: 'call_1', content: '21 degrees' }];
    const completion = await whole('tools', { tools, messages });
    expect(contentOf(completion)).toContain('21 degrees');
    expect(choicesOf(completion)[0]?.finish_reason).toBe('stop');
  });
});

describe('reasoning', () => {
  it('thinks in its own field and counts it within the completion', async () => {
    const completion = await whole('reasoning');
    const { reasoning_content: thought } = messageOf(completion);
    const { completion_tokens: all, completion_tokens_details: details } = usageOf(completion);
    const thinking = countTokens(String(thought));
    expect(objectOr(details).reasoning_tokens).toBe(thinking);
    expect(all).toBe(thinking + countTokens('Hello there'));
    const stream = await askChat(provider.url, 'reasoning', { stream: true });
    expect(streamedText(stream, 'reasoning_content')).toBe(thought);
    expect(streamedText(stream)).toBe('Hello there');
  });
});

describe('structured', () => {
  it('answers in JSON when asked for it', async () => {
    const schema = {
      type: 'object',
      properties: { name: { type: 'string' }, tags: { type: 'array', items: { enum: ['a'] } } },
      required: ['name', 'tags'],
    };
    const wanted = { type: 'json_schema', json_schema: { name: 'x', strict: true, schema } };
    expect(contentOf(await whole('structured', { response_format: wanted }))).toBe(
      '{"name":"Hello there","tags":["a"]}',
    );
    expect(contentOf(await whole('structured', { response_format: { type: 'json_object' } }))).toBe(
      '{"answer":"Hello there"}',
    );
    expect(contentOf(await whole('structured'))).toBe('Hello there');
  });
});

describe('every-field', () => {
  const CANARY = 'canary-4711';
  const messages = [user(CANARY)];
  const MESSAGE_FIELDS = [
    'refusal',
    'reasoning_content',
    'annotations',
    'function_call',
    'tool_calls',
    'x_sim_extra',
  ];

  it('fills every field of a whole answer with the user’s text', async () => {
    const completion = await whole('every-field', { messages });
    const message = messageOf(completion);
    for (const field of [...MESSAGE_FIELDS, 'content', 'audio']) {
      expect([field, JSON.stringify(message[field])]).toEqual([field, expect.stringContaining(CANARY)]);
    }
    for (const level of [completion, choicesOf(completion)[0], usageOf(completion)]) {
      expect(JSON.stringify(level?.x_sim_extra)).toContain(CANARY);
    }
    expect(completion).toMatchObject({ service_tier: 'default', system_fingerprint: 'fp_simulated' });
    expect(completion.moderation).toBeDefined();
    expect(objectOr(choicesOf(completion)[0]?.logprobs).content).not.toEqual([]);
  });

  it('fills them in a stream as well', async () => {
    const stream = await askChat(provider.url, 'every-field', {
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    for (const field of MESSAGE_FIELDS) {
      expect([field, JSON.stringify(deltasOf(stream, field))]).toEqual([
        field,
        expect.stringContaining(CANARY),
      ]);
    }
    expect(streamedText(stream)).toBe(CANARY);
  });

  it('stays in proportion to a long text', async () => {
    const text = 'long '.repeat(20_000);
    const stream = await askChat(provider.url, 'every-field', { messages: [user(text)], stream: true });
    expect(stream.body.length).toBeLessThan(100 * text.length);
  });
});

describe('cached', () => {
  it('reports half the prompt as read from the cache and a quarter as written to it', async () => {
    const usage = usageOf(await whole('cached', { messages: [user('x'.repeat(80))] }));
    expect(usage.prompt_tokens_details).toMatchObject({ cached_tokens: 10, cache_write_tokens: 5 });
    expect(usage.prompt_tokens).toBe(20);
  });
});
