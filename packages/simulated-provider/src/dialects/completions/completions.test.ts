import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { choicesOf, chunksOf, eventsOf, type Reply } from '../../../test-client.js';
import { askWire, bodyJson, wireOf } from '../../../test-wires.js';
import { type JsonObject, listOr, objectOr } from '../../json-codec.js';
import { type SimulatedProvider, startSimulatedProvider } from '../../simulated-provider.js';

let provider: SimulatedProvider;
beforeAll(async () => {
  provider = await startSimulatedProvider({ seed: 'completions' });
});
afterAll(() => provider.close());

const ask = (rest: JsonObject, model = 'echo'): Promise<Reply> =>
  askWire(provider.url, wireOf('completions'), { model, rest });
const whole = async (rest: JsonObject, model?: string): Promise<JsonObject> =>
  bodyJson(await ask(rest, model));
const textsOf = (body: JsonObject) => choicesOf(body).map(({ text }) => text);

describe('prompts', () => {
  it('are answered one after the other, each n times', async () => {
    const body = await whole({ prompt: ['first', 'second'], n: 2 });
    expect(body).toMatchObject({ object: 'text_completion', model: 'echo' });
    expect(choicesOf(body).map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    expect(textsOf(body)).toEqual(['first', 'first', 'second', 'second']);
    expect(body.usage).toMatchObject({ prompt_tokens: 4, completion_tokens: 8, total_tokens: 12 });
    expect(provider.ledger().at(-1)).toMatchObject({ choices: 4, promptTokens: 4, completionTokens: 8 });
  });

  it('may be token numbers, which are counted as they are', async () => {
    const body = await whole({ prompt: [11, 22, 33] });
    expect(textsOf(body)).toEqual(['11 22 33']);
    expect(objectOr(body.usage).prompt_tokens).toBe(3);
    expect(textsOf(await whole({ prompt: [[1], [2, 3]] }))).toEqual(['1', '2 3']);
  });

  it.each([[[]], [[1.5]], [['a', {}]], [{}]])('may be nothing else: %j', async (prompt) => {
    const reply = await ask({ prompt });
    expect([reply.status, objectOr(bodyJson(reply).error).param]).toEqual([400, 'prompt']);
  });

  it('come first when they are to be echoed, and are not counted again', async () => {
    const rest = { prompt: 'Hello', echo: true };
    const body = await whole(rest);
    expect(textsOf(body)).toEqual(['HelloHello']);
    expect(objectOr(body.usage).completion_tokens).toBe(2);
    const stream = await ask({ ...rest, stream: true });
    expect(wireOf('completions').streamedText(stream)).toBe('HelloHello');
  });
});

it('log probabilities come in columns, whole and streamed', async () => {
  const rest = { prompt: 'a somewhat longer text', logprobs: 2 };
  const logprobs = objectOr(choicesOf(await whole(rest))[0]?.logprobs);
  expect(listOr(logprobs.tokens).join('')).toBe(rest.prompt);
  const offsets = listOr(logprobs.text_offset).map(Number);
  expect(
    offsets.map((offset, index) => rest.prompt.startsWith(String(listOr(logprobs.tokens)[index]), offset)),
  ).not.toContain(false);
  expect(listOr(logprobs.top_logprobs).every((entry) => Object.keys(objectOr(entry)).length === 2)).toBe(
    true,
  );
  const stream = await ask({ ...rest, stream: true });
  const streamed = chunksOf(stream)
    .flatMap(choicesOf)
    .flatMap((choice) => listOr(objectOr(choice.logprobs).text_offset));
  expect(streamed).toEqual(offsets);
  expect(choicesOf(await whole({ prompt: 'x' }))[0]?.logprobs).toBeNull();
});

it('usage is in a chunk of its own when asked for, and nowhere otherwise', async () => {
  const asked = eventsOf(await ask({ prompt: 'text', stream: true }));
  expect(asked.at(-2)).toMatchObject({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 1 } });
  expect(asked.slice(0, -2).map((event) => objectOr(event).usage)).toEqual(
    asked.slice(0, -2).map(() => null),
  );
  const silent = await ask({ prompt: 'text', stream: true, stream_options: { include_usage: false } });
  expect(silent.body.toString()).not.toContain('usage');
});

it.each([
  ['tools', 'No tool was called: Hello there', 'stop'],
  ['reasoning', 'Hello there', 'stop'],
  ['refusal', 'I cannot help with: Hello there', 'content_filter'],
])('%s has text for an answer', async (model, text, finish) => {
  expect(choicesOf(await whole({}, model))).toMatchObject([{ text, finish_reason: finish }]);
  expect(provider.ledger().at(-1)).toMatchObject({ reasoningTokens: 0 });
});
