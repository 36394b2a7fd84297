import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { chunksOf, type Reply } from '../../../test-client.js';
import { askWire, bodyJson, wireOf } from '../../../test-wires.js';
import { type Json, type JsonObject, listOr, objectOr } from '../../json-codec.js';
import { type SimulatedProvider, startSimulatedProvider } from '../../simulated-provider.js';
import { countTokens } from '../../tokens.js';

let provider: SimulatedProvider;
beforeAll(async () => {
  provider = await startSimulatedProvider({ seed: 'responses' });
});
afterAll(() => provider.close());
afterEach(() => provider.reset());

const ask = (model: string, rest: JsonObject = {}): Promise<Reply> =>
  askWire(provider.url, wireOf('responses'), { model, rest });
const whole = async (model: string, rest?: JsonObject): Promise<JsonObject> =>
  bodyJson(await ask(model, rest));
const stream = (model: string, rest: JsonObject = {}): Promise<Reply> =>
  ask(model, { ...rest, stream: true });
const outputOf = (response: Json | undefined): JsonObject[] =>
  listOr(objectOr(response).output).map(objectOr);
/** Types in order, a run of the same one counted once. */
const orderOf = (reply: Reply): string[] =>
  chunksOf(reply)
    .map(({ type }) => String(type).replace('response.', ''))
    .filter((type, index, all) => type !== all[index - 1]);

const FUNCTION: Json = {
  type: 'function',
  name: 'weather',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};
const MESSAGE_EVENTS = [
  'output_item.added',
  'content_part.added',
  'output_text.delta',
  'output_text.done',
  'content_part.done',
  'output_item.done',
];

describe('the stream', () => {
  it('is in order, numbered from 0, and its last event holds the whole response', async () => {
    const reply = await stream('echo');
    expect(orderOf(reply)).toEqual(['created', 'in_progress', ...MESSAGE_EVENTS, 'completed']);
    const events = chunksOf(reply);
    expect(events.map(({ sequence_number: number }) => number)).toEqual(events.map((_, index) => index));
    expect(events.at(-1)?.response).toEqual(await whole('echo'));
    expect(objectOr(events[0]?.response)).toMatchObject({ status: 'in_progress', output: [], usage: null });
    expect(reply.body.toString()).not.toContain('[DONE]');
    const named = reply.body.toString().match(/^event: (.+)\ndata: \{"type":"\1"/gm);
    expect(named?.length).toBe(events.length);
  });

  it('shows a summary of reasoning only when asked for, and counts it anyway', async () => {
    const shown = await stream('reasoning', { reasoning: { summary: 'auto' } });
    expect(orderOf(shown)).toEqual([
      'created',
      'in_progress',
      'output_item.added',
      'reasoning_summary_part.added',
      'reasoning_summary_text.delta',
      'reasoning_summary_text.done',
      'reasoning_summary_part.done',
      'output_item.done',
      ...MESSAGE_EVENTS,
      'completed',
    ]);
    const hidden = await stream('reasoning');
    expect(hidden.body.toString()).not.toContain('Thinking about');
    const [first, second] = provider.ledger();
    expect(first?.reasoningTokens).toBeGreaterThan(20);
    expect(second?.reasoningTokens).toBe(first?.reasoningTokens);
  });

  it('calls a function, or a tool that takes free text, in pieces', async () => {
    const called = await stream('tools', { tools: [FUNCTION] });
    expect(orderOf(called).slice(2, -1)).toEqual([
      'output_item.added',
      'function_call_arguments.delta',
      'function_call_arguments.done',
      'output_item.done',
    ]);
    const [call] = outputOf(chunksOf(called).at(-1)?.response);
    expect(call).toMatchObject({
      type: 'function_call',
      name: 'weather',
      arguments: '{"city":"Hello there"}',
    });
    const free = await stream('tools', { tools: [{ type: 'custom', name: 'apply_patch' }] });
    expect(orderOf(free)).toContain('custom_tool_call_input.delta');
    expect(outputOf(chunksOf(free).at(-1)?.response)).toMatchObject([
      { type: 'custom_tool_call', name: 'apply_patch', input: 'Hello there' },
    ]);
  });

  it.each([
    ['echo', { max_output_tokens: 1 }, 'max_output_tokens'],
    ['refusal', {}, 'content_filter'],
  ])('of %s with %j is incomplete', async (model, rest, reason) => {
    const last = chunksOf(await stream(model, rest)).at(-1);
    expect(last).toMatchObject({
      type: 'response.incomplete',
      response: {
        status: 'incomplete',
        incomplete_details: { reason },
        usage: { output_tokens: expect.any(Number) },
      },
    });
  });

  it('that fails says so twice, and the response holds the error', async () => {
    const reply = await stream('fault-mid-stream-error');
    const [error, failed] = chunksOf(reply).slice(-2);
    expect(error).toMatchObject({ type: 'error', code: 'engine_failed', message: expect.any(String) });
    expect(error?.error).toMatchObject({ message: error?.message });
    expect(failed).toMatchObject({
      type: 'response.failed',
      sequence_number: Number(error?.sequence_number) + 1,
      response: { status: 'failed', error: { code: 'server_error', message: error?.message } },
    });
    expect(await whole('fault-mid-stream-error')).toMatchObject({ status: 'failed', output: [] });
  });

  it('is padded when asked for', async () => {
    const padded = await stream('echo', { stream_options: { include_obfuscation: true } });
    const deltas = chunksOf(padded).filter(({ type }) => type === 'response.output_text.delta');
    expect(deltas.every(({ obfuscation }) => typeof obfuscation === 'string')).toBe(true);
    expect((await stream('echo')).body.toString()).not.toContain('obfuscation');
  });
});

describe('the response', () => {
  it('repeats what the request said', async () => {
    const said: JsonObject = {
      instructions: 'canary of a system prompt',
      tools: [FUNCTION],
      metadata: { note: 'canary' },
      text: { format: { type: 'json_schema', name: 'x', schema: {} } },
      previous_response_id: 'resp_1',
      user: 'canary of a user',
    };
    expect(await whole('echo', said)).toMatchObject(said);
    const events = chunksOf(await stream('echo', said)).filter(({ response }) => response !== undefined);
    expect(events.map(({ response }) => objectOr(response).instructions)).toEqual(
      [1, 2, 3].map(() => said.instructions),
    );
  });

  it('holds encrypted reasoning when asked for', async () => {
    const include = ['reasoning.encrypted_content'];
    expect(outputOf(await whole('reasoning', { include }))[0]).toMatchObject({
      type: 'reasoning',
      summary: [],
      encrypted_content: expect.stringMatching(/^gAAAA/),
    });
    expect(outputOf(await whole('reasoning'))[0]).not.toHaveProperty('encrypted_content');
    expect(provider.ledger().map(({ include: noted }) => noted)).toEqual([include, []]);
  });

  it('answers in JSON of the schema in text.format', async () => {
    const schema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] };
    const response = await whole('structured', {
      text: { format: { type: 'json_schema', name: 'x', schema } },
    });
    expect(wireOf('responses').textOf(response)).toBe('{"name":"Hello there"}');
  });
});

describe('input', () => {
  const items: Json = [
    { role: 'developer', content: 'Be kind.' },
    {
      role: 'user',
      content: [
        { type: 'input_text', text: 'How ' },
        { type: 'input_text', text: 'warm?' },
      ],
    },
    { type: 'function_call', call_id: 'c', name: 'weather', arguments: '{}' },
  ];

  it('may be items, all of whose text is counted', async () => {
    const response = await whole('echo', { input: items, instructions: 'abcde' });
    expect(wireOf('responses').textOf(response)).toBe('How warm?');
    const texts = ['abcde', 'Be kind.', 'How warm?', 'weather{}'];
    expect(objectOr(response.usage).input_tokens).toBe(
      texts.reduce((sum, text) => sum + countTokens(text), 0),
    );
  });

  it('that ends with a tool’s output is answered with text', async () => {
    const output = { type: 'function_call_output', call_id: 'c', output: '21 degrees' };
    const response = await whole('tools', { input: [...listOr(items), output], tools: [FUNCTION] });
    expect(wireOf('responses').textOf(response)).toContain('21 degrees');
  });

  it('is required, unless something else brings it', async () => {
    expect((await ask('echo', { input: null })).status).toBe(400);
    expect((await ask('echo', { input: null, previous_response_id: 'resp_1' })).status).toBe(200);
  });
});

describe('keeping', () => {
  it('is what happens unless the request says otherwise', async () => {
    await whole('echo');
    await whole('echo', { store: true });
    await whole('echo', { store: false });
    expect(provider.ledger().map(({ store, stored }) => [store, stored])).toEqual([
      [null, true],
      [true, true],
      [false, false],
    ]);
  });

  it('is noted by the fields that need it', async () => {
    const fields = {
      background: true,
      conversation: 'conv_1',
      previous_response_id: 'r',
      prompt: { id: 'p' },
    };
    await whole('echo', fields);
    await whole('echo', { background: false, conversation: null, metadata: {} });
    expect(provider.ledger().map(({ stateFields }) => stateFields)).toEqual([Object.keys(fields), []]);
  });
});
