import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { chunksOf, type Reply, user } from '../../../test-client.js';
import { askWire, bodyJson, wireOf } from '../../../test-wires.js';
import { type Json, type JsonObject, listOr, objectOr } from '../../json-codec.js';
import { type SimulatedProvider, startSimulatedProvider } from '../../simulated-provider.js';
import { countTokens } from '../../tokens.js';

let provider: SimulatedProvider;
beforeAll(async () => {
  provider = await startSimulatedProvider({ seed: 'messages' });
});
afterAll(() => provider.close());
afterEach(() => provider.reset());

const wire = wireOf('messages');
const ask = (model: string, rest: JsonObject = {}, headers: Record<string, string> = {}): Promise<Reply> =>
  askWire(provider.url, wire, { model, rest, headers });
const whole = async (model: string, rest?: JsonObject): Promise<JsonObject> =>
  bodyJson(await ask(model, rest));
const stream = (model: string, rest: JsonObject = {}): Promise<Reply> =>
  ask(model, { ...rest, stream: true });
const blocksOf = (message: JsonObject): JsonObject[] => listOr(message.content).map(objectOr);
const orderOf = (reply: Reply): string[] =>
  chunksOf(reply)
    .map(({ type, delta }) => String(type === 'content_block_delta' ? objectOr(delta).type : type))
    .filter((type, index, all) => type !== all[index - 1]);

const TOOLS: Json = [
  { type: 'web_search_20250305', name: 'web_search' },
  {
    name: 'weather',
    input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
];

describe('headers', () => {
  it('take a key in either place', async () => {
    const inBearer = { 'x-api-key': '', authorization: 'Bearer any' };
    expect((await ask('echo', {}, inBearer)).status).toBe(200);
    expect((await ask('echo', {}, { 'x-api-key': '', authorization: '' })).status).toBe(401);
    const wrong = await ask('echo', {}, { 'x-api-key': 'invalid-key', authorization: 'Bearer any' });
    expect(bodyJson(wrong)).toMatchObject({ type: 'error', error: { type: 'authentication_error' } });
  });

  it('must name a version, which is noted with the betas', async () => {
    const { 'anthropic-version': _, ...without } = wire.headers;
    const bare = { ...wire, headers: without };
    const missing = await askWire(provider.url, bare, { model: 'echo' });
    expect(missing.status).toBe(400);
    expect(bodyJson(missing)).toMatchObject({ error: { type: 'invalid_request_error' } });
    expect((await ask('echo', {}, { 'anthropic-version': 'canary' })).status).toBe(400);
    await ask('echo', {}, { 'anthropic-beta': 'tools-2024-05-16,other-2025-01-01' });
    await ask('echo', {}, { 'anthropic-beta': 'a canary' });
    const values = provider.ledger().map(({ headerValues }) => headerValues);
    expect(values.map((kept) => kept['anthropic-version'])).toEqual([
      undefined,
      undefined,
      '2023-06-01',
      '2023-06-01',
    ]);
    expect(values[2]?.['anthropic-beta']).toBe('tools-2024-05-16,other-2025-01-01');
    expect(JSON.stringify(values)).not.toContain('canary');
  });

  it('of an answer name the request, as its errors do', async () => {
    const reply = await ask('fault-500');
    expect(reply.headers['request-id']).toMatch(/^req_sim\d+$/);
    expect(bodyJson(reply).request_id).toBe(reply.headers['request-id']);
    expect(reply.headers['x-request-id']).toBeUndefined();
  });
});

it.each([
  ['fault-400', 'invalid_request_error'],
  ['fault-401', 'authentication_error'],
  ['fault-403', 'permission_error'],
  ['fault-429', 'rate_limit_error'],
  ['fault-500', 'api_error'],
  ['fault-529', 'overloaded_error'],
  ['nobody', 'not_found_error'],
])('%s is an error of the dialect’s type %s', async (model, type) => {
  expect(bodyJson(await ask(model))).toMatchObject({ type: 'error', error: { type } });
});

describe('the stream', () => {
  it('is in order, with a ping, and assembles to the whole message', async () => {
    const reply = await stream('reasoning');
    expect(orderOf(reply)).toEqual([
      'message_start',
      'content_block_start',
      'ping',
      'thinking_delta',
      'signature_delta',
      'content_block_stop',
      'content_block_start',
      'text_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    const [thinking, text] = blocksOf(await whole('reasoning'));
    const joined = (name: string): string =>
      chunksOf(reply)
        .map(({ delta }) => objectOr(delta)[name])
        .filter((piece) => typeof piece === 'string')
        .join('');
    expect(thinking).toEqual({
      type: 'thinking',
      thinking: joined('thinking'),
      signature: joined('signature'),
    });
    expect(text).toMatchObject({ type: 'text', text: joined('text') });
    expect(reply.body.toString()).toMatch(/^event: message_start\ndata: \{"type":"message_start"/);
  });

  it('tells the input at its start, and the whole usage, not an addition, at its end', async () => {
    const events = chunksOf(await stream('cached', { messages: [user('x'.repeat(80))] }));
    const input = { input_tokens: 5, cache_read_input_tokens: 10, cache_creation_input_tokens: 5 };
    expect(objectOr(events[0]?.message)).toMatchObject({
      content: [],
      usage: { ...input, output_tokens: 1 },
    });
    expect(events.at(-2)).toMatchObject({ type: 'message_delta', usage: { ...input, output_tokens: 20 } });
    expect(provider.ledger()[0]).toMatchObject({ promptTokens: 20, completionTokens: 20 });
  });

  it('calls a tool in pieces of JSON', async () => {
    const reply = await stream('tools', { tools: TOOLS });
    const events = chunksOf(reply);
    expect(events[1]?.content_block).toMatchObject({ type: 'tool_use', name: 'weather', input: {} });
    const pieces = events
      .map(({ delta }) => objectOr(delta).partial_json)
      .filter((piece) => piece !== undefined);
    expect(pieces[0]).toBe('');
    expect(pieces.join('')).toBe('{"city":"Hello there"}');
    const [call] = blocksOf(await whole('tools', { tools: TOOLS }));
    expect(call).toMatchObject({ type: 'tool_use', name: 'weather', input: { city: 'Hello there' } });
    expect(wire.streamedFinish(reply)).toBe('tool_use');
  });

  it('fails in an event of its own', async () => {
    const reply = await stream('fault-mid-stream-error');
    expect(chunksOf(reply).at(-1)).toMatchObject({ type: 'error', error: { type: 'api_error' } });
    expect(reply.body.toString()).toContain('event: error\n');
  });
});

describe('how a message ends', () => {
  it('with the caller’s own sequence', async () => {
    expect(await whole('echo', { stop_sequences: [' there', 'zzz'] })).toMatchObject({
      content: [{ type: 'text', text: 'Hello' }],
      stop_reason: 'stop_sequence',
      stop_sequence: ' there',
    });
    expect(await whole('echo')).toMatchObject({
      stop_reason: 'end_turn',
      stop_sequence: null,
      stop_details: null,
    });
  });

  it('with a refusal that explains itself', async () => {
    const details = { type: 'refusal', explanation: expect.stringContaining('Hello there') };
    expect(await whole('refusal')).toMatchObject({ stop_reason: 'refusal', stop_details: details });
    const last = chunksOf(await stream('refusal')).at(-2);
    expect(last).toMatchObject({ delta: { stop_reason: 'refusal', stop_details: details } });
  });
});

describe('the prompt', () => {
  const messages: Json = [
    user('How warm?'),
    {
      role: 'assistant',
      content: [{ type: 'tool_use', id: 't', name: 'weather', input: { a: 1 } }],
    },
    {
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text: '21 degrees' }] }],
    },
  ];

  it('is counted turn by turn with its tools, and the counting route agrees', async () => {
    const rest = { messages, tools: TOOLS, system: [{ type: 'text', text: 'abcde' }] };
    const message = await whole('echo', rest);
    const texts = ['abcde', 'How warm?', 'weather{"a":1}', '21 degrees', JSON.stringify(TOOLS)];
    const tokens = texts.reduce((sum, text) => sum + countTokens(text), 0);
    expect(wire.tokensOf(message).input).toBe(tokens);
    expect(wire.textOf(message)).toBe('How warm?');
    const counted = await askWire(provider.url, wireOf('count_tokens'), { model: 'echo', rest });
    expect(bodyJson(counted)).toEqual({ input_tokens: tokens });
    expect(provider.ledger().map(({ route, promptTokens }) => [route, promptTokens])).toEqual([
      ['messages', tokens],
      ['count_tokens', 0],
    ]);
  });

  it('with a tool’s result is answered with text', async () => {
    expect(wire.textOf(await whole('tools', { messages, tools: TOOLS }))).toContain('21 degrees');
  });

  it.each([
    [
      'a turn',
      { messages: [user([{ type: 'text', text: 'x'.repeat(80), cache_control: { type: 'ephemeral' } }])] },
      5,
      0,
    ],
    [
      'a tool, for an hour',
      { tools: [{ name: 'f', input_schema: {}, cache_control: { ttl: '1h' } }] },
      0,
      expect.any(Number),
    ],
    ['the request', { cache_control: { type: 'ephemeral' }, messages: [user('x'.repeat(80))] }, 5, 0],
  ])('is cached when %s is marked', async (_, rest, short, long) => {
    const usage = objectOr((await whole('echo', rest as JsonObject)).usage);
    expect(usage.cache_creation).toEqual({
      ephemeral_5m_input_tokens: short,
      ephemeral_1h_input_tokens: long,
    });
    expect(usage.cache_read_input_tokens).toBeGreaterThan(0);
  });

  it('without a mark is not cached', async () => {
    expect(objectOr((await whole('echo')).usage)).toMatchObject({ cache_read_input_tokens: 0 });
  });

  it('needs a limit for the answer, and a turn', async () => {
    const { max_tokens: _, ...bare } = wire.body('echo', 'Hello there');
    const without = { ...wire, body: () => bare };
    expect((await askWire(provider.url, without, { model: 'echo' })).status).toBe(400);
    expect((await ask('echo', { max_tokens: null })).status).toBe(400);
    expect((await ask('echo', { messages: [] })).status).toBe(400);
  });
});

it('answers in JSON of the schema in output_config', async () => {
  const schema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] };
  const message = await whole('structured', { output_config: { format: { type: 'json_schema', schema } } });
  expect(wire.textOf(message)).toBe('{"name":"Hello there"}');
});

it('every-field fills the fields of the dialect with the user’s text', async () => {
  const message = await whole('every-field', { messages: [user('canary-4711')] });
  const types = blocksOf(message).map(({ type }) => type);
  expect(new Set(types)).toEqual(
    new Set([
      'thinking',
      'text',
      'tool_use',
      'redacted_thinking',
      'server_tool_use',
      'web_search_tool_result',
    ]),
  );
  for (const field of ['stop_sequence', 'stop_details', 'x_sim_extra']) {
    expect([field, JSON.stringify(message[field])]).toEqual([field, expect.stringContaining('canary-4711')]);
  }
  expect(provider.ledger()[0]?.stateFields).toEqual([]);
  await whole('echo', { container: 'c', diagnostics: { previous_message_id: 'm' } });
  expect(provider.ledger()[1]?.stateFields).toEqual(['container', 'diagnostics']);
});
