import { afterEach, describe, expect, it } from '@jest/globals';
import { RawClient } from '../testing/raw-client.js';
import { ServingRouter } from '../testing/serving-router.js';
import { facesByPath } from './all.js';

const canary = 'CANARY-7f1f';
const open: ServingRouter[] = [];
const start = async (shape: { zdr?: boolean; logging?: boolean } = {}): Promise<ServingRouter> => {
  const router = await ServingRouter.start(shape);
  open.push(router);
  return router;
};
afterEach(async () => {
  for (const router of open.splice(0)) await router.stop();
});

const said = `say ${canary}`;
const user = { role: 'user', content: said };
const tools = [{ type: 'custom', name: 't', description: canary }];
const usage = { prompt_tokens: 5, completion_tokens: 2, input_tokens: 5, output_tokens: 2, total_tokens: 7 };
const frames = (events: readonly object[]): string =>
  events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');
const item = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: canary }] };
const block = { type: 'text', text: canary };

/** For each endpoint a request, an answer to it whole and streamed, and what a payload makes of them. */
const exchanges = {
  '/v1/chat/completions': {
    request: { messages: [user], tools },
    body: { choices: [{ index: 0, message: { content: canary }, finish_reason: 'stop' }], usage },
    stream: `${frames([
      { choices: [{ index: 0, delta: { content: canary } }] },
      { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
      { choices: [], usage },
    ])}data: [DONE]\n\n`,
    messages: [user],
    tools,
    choices: [{ index: 0, message: { content: canary }, finish_reason: 'stop' }],
  },
  '/v1/completions': {
    request: { prompt: said },
    body: { choices: [{ index: 0, text: canary, finish_reason: 'stop' }], usage },
    stream: `${frames([
      { choices: [{ index: 0, text: canary, finish_reason: 'stop' }] },
      { choices: [], usage },
    ])}data: [DONE]\n\n`,
    messages: [user],
    tools: [],
    choices: [{ index: 0, text: canary, finish_reason: 'stop' }],
  },
  '/v1/responses': {
    request: { instructions: 'brief', input: said, tools },
    body: { status: 'completed', output: [item], instructions: 'brief', usage },
    stream: frames([
      { type: 'response.created', response: { status: 'in_progress', output: [] } },
      { type: 'response.completed', response: { status: 'completed', output: [item], usage } },
    ]),
    messages: [{ role: 'system', content: 'brief' }, user],
    tools,
    choices: [item],
  },
  '/v1/embeddings': {
    request: { input: said },
    body: { data: [{ embedding: [0.5] }], usage: { prompt_tokens: 5, total_tokens: 5 } },
    stream: undefined,
    messages: [user],
    tools: [],
    choices: [],
  },
  '/v1/messages': {
    request: { system: 'brief', messages: [user], tools, max_tokens: 9 },
    body: { type: 'message', role: 'assistant', content: [block], stop_reason: 'end_turn', usage },
    stream: [
      { type: 'message_start', message: { usage: { input_tokens: 5, output_tokens: 1 } } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: canary } },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } },
      { type: 'message_stop' },
    ]
      .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
      .join(''),
    messages: [{ role: 'system', content: 'brief' }, user],
    tools,
    choices: [{ role: 'assistant', content: [block], stop_reason: 'end_turn' }],
  },
  '/v1/messages/count_tokens': {
    request: { system: 'brief', messages: [user], tools },
    body: { input_tokens: 12 },
    stream: undefined,
    messages: [{ role: 'system', content: 'brief' }, user],
    tools,
    choices: [],
  },
} as const;
type Path = keyof typeof exchanges;
const paths = Object.keys(exchanges) as Path[];
const modelAt = (path: Path): string => (path === '/v1/embeddings' ? 'sim/embed' : 'sim/echo');

it('every endpoint is here', () => {
  expect(paths.sort()).toEqual([...facesByPath.keys()].sort());
});

describe.each(paths)('%s', (path) => {
  const exchange = exchanges[path];
  const request = { ...exchange.request, model: modelAt(path) };

  it.each([false, true])('is served, metered and kept under a grant; streaming: %s', async (streaming) => {
    if (streaming && exchange.stream === undefined) return;
    const router = await start({ logging: true });
    const body = streaming ? (exchange.stream as string) : JSON.stringify(exchange.body);
    router.answerWith(body, { type: streaming ? 'text/event-stream' : 'application/json' });
    // Asked for by the caller, so that the stream comes as it is.
    const usageAsked = path.endsWith('completions') ? { stream_options: { include_usage: true } } : {};
    const answer = await router.post(path, {
      ...request,
      ...(streaming ? { stream: true, ...usageAsked } : {}),
    });
    expect([answer.status, await answer.text()]).toEqual([200, body]);
    const [payload] = await router.payloads(1);
    expect(payload).toMatchObject({
      messages: exchange.messages,
      tools: exchange.tools,
      choices: exchange.choices,
      truncated: false,
    });
    const [telemetry] = await router.telemetry(1);
    const free = path === '/v1/messages/count_tokens';
    expect(telemetry).toMatchObject({
      dialect: facesByPath.get(path)?.dialect,
      endpoint: facesByPath.get(path)?.endpoint,
      modelRequested: modelAt(path),
      modelUsed: modelAt(path),
      streaming,
      outcome: 'success',
      tokensInput: free ? 0 : 5,
      tokensOutput: free || path === '/v1/embeddings' ? 0 : 2,
      usageSource: free ? expect.anything() : 'provider',
      priced: true,
      retentionDecision: 'payload',
    });
    expect((telemetry?.costRouterNanos ?? 0n) > 0n).toBe(!free);
    expect(router.logged.join()).not.toContain(canary);
  });

  it('keeps nothing under ZDR, and tells the provider to', async () => {
    const router = await start({ zdr: true, logging: true });
    router.answerWith(JSON.stringify(exchange.body));
    const answer = await router.post(path, request);
    expect([answer.status, answer.headers.get('x-lethe-retention')]).toEqual([200, 'telemetry']);
    const [telemetry] = await router.telemetry(1);
    expect(telemetry).toMatchObject({ retentionDecision: 'telemetry', retentionReason: 'zdr' });
    const sent = JSON.parse(router.sent[0]?.body ?? '');
    expect(sent.store).toBe(path === '/v1/responses' || path === '/v1/chat/completions' ? false : undefined);
    expect(sent.model).toBe(modelAt(path).slice(4));
  });

  it('sends no tool of the provider’s own and no stored file under ZDR, and names the field alone', async () => {
    const hidden = { ...tools[0], type: 'web_search_20250305' };
    const file = [{ role: 'user', content: [{ type: 'image', source: { type: 'file', file_id: canary } }] }];
    const cases: (readonly [string, object])[] = [];
    if ('tools' in request) cases.push(['tools', { ...request, tools: [...tools, hidden] }]);
    if (path.startsWith('/v1/messages')) cases.push(['messages', { ...request, messages: file }]);
    const strict = await start({ zdr: true });
    const open = await start();
    for (const [param, asked] of cases) {
      const answer = await strict.post(path, asked);
      const text = await answer.text();
      expect([answer.status, JSON.parse(text).error]).toMatchObject([400, { code: 'field_refused', param }]);
      expect(text).not.toContain(canary);
      // Control: without ZDR the provider receives it.
      open.sent.length = 0;
      expect((await open.post(path, asked)).status).toBe(200);
      expect(open.sent[0]?.body).toContain(param === 'tools' ? hidden.type : '"file_id"');
    }
    expect(strict.sent).toEqual([]);
  });

  it('refuses in its own shape, whatever the provider quoted', async () => {
    const router = await start();
    const anthropic = facesByPath.get(path)?.dialect === 'anthropic';
    const kindOf = async (answer: Response) => {
      const text = await answer.text();
      expect(text).not.toContain(canary);
      const { type, error, request_id } = JSON.parse(text);
      const id = answer.headers.get('x-lethe-request-id');
      expect([type, request_id]).toEqual(anthropic ? ['error', id] : [undefined, undefined]);
      expect(answer.headers.get(anthropic ? 'request-id' : 'x-request-id')).toBe(id);
      return [answer.status, error.code, error.type];
    };
    router.answerWith(
      JSON.stringify({ type: 'error', error: { type: 'invalid_request_error', message: said } }),
      { status: 400 },
    );
    expect(await kindOf(await router.post(path, request))).toEqual([
      400,
      'invalid_request',
      anthropic ? 'invalid_request_error' : 'provider',
    ]);
    router.answerWith(said, { status: 529 });
    expect((await kindOf(await router.post(path, request)))[2]).toBe(
      anthropic ? 'overloaded_error' : 'provider',
    );
    expect(await kindOf(await router.post(path, { ...request, model: `sim/${canary}` }))).toEqual([
      404,
      'model_unknown',
      anthropic ? 'not_found_error' : 'caller',
    ]);
    expect((await kindOf(await router.post(path, `{"model":"${canary}`)))[0]).toBe(400);
    expect(router.logged.join()).not.toContain(canary);
  });

  it('is not offered to a model of another endpoint, nor by another method', async () => {
    const router = await start();
    const other = path === '/v1/embeddings' ? 'sim/echo' : 'sim/embed';
    expect((await router.post(path, { ...request, model: other })).status).toBe(404);
    const get = await fetch(router.url + path, { headers: { authorization: 'Bearer x' } });
    expect(get.status).toBe(405);
    expect(router.sent).toEqual([]);
  });

  it('answers a wish for a WebSocket at once', async () => {
    const router = await start();
    const client = new RawClient(router.port);
    client.send(
      `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    );
    const [answer] = await client.answers(1);
    await client.ended();
    client.socket.destroy();
    expect(answer?.status).toBe(426);
    expect(JSON.parse(answer?.body ?? '')).toHaveProperty('error.code', 'upgrade_refused');
  });
});

describe('what stored objects are asked for by', () => {
  it.each([
    ['GET', '/v1/responses/resp_1'],
    ['DELETE', '/v1/responses/resp_1'],
    ['POST', '/v1/responses/resp_1/cancel'],
    ['GET', '/v1/responses/resp_1/input_items'],
    ['POST', '/v1/responses/compact'],
    ['POST', '/v1/conversations'],
    ['GET', '/v1/chat/completions/chatcmpl_1'],
    ['GET', '/v1/files'],
    ['POST', '/v1/files'],
    ['POST', '/v1/batches'],
    ['POST', '/v1/messages/batches'],
    ['GET', '/v1/messages/batches/b_1'],
  ])('%s %s is not offered, and says so in its shape', async (method, path) => {
    const router = await start();
    for (const anthropic of [false, true]) {
      const answer = await fetch(router.url + path, {
        method,
        headers: {
          'x-api-key': 'sk-lethe-test',
          ...(anthropic ? { 'anthropic-version': '2023-06-01' } : {}),
        },
        ...(method === 'POST' ? { body: JSON.stringify({ input: canary }) } : {}),
      });
      const inAnthropic = anthropic || path.startsWith('/v1/messages');
      expect([answer.status, await answer.json()]).toMatchObject([
        404,
        inAnthropic
          ? { type: 'error', error: { type: 'not_found_error' } }
          : { error: { type: 'caller', code: 'not_found' } },
      ]);
    }
    expect(router.sent).toEqual([]);
  });
});

describe('an account of Anthropic', () => {
  const request = { model: 'anthropic/claude-haiku-4-5', messages: [user], max_tokens: 9 };
  const beta = 'interleaved-thinking-2025-05-14,files-api-2025-04-14';

  it('is asked as Anthropic is, by either credential of the caller’s, with or without a query', async () => {
    const router = await start();
    router.answerWith(JSON.stringify(exchanges['/v1/messages'].body));
    await router.post('/v1/messages?beta=true', request, { 'anthropic-beta': beta });
    const keyed = await fetch(`${router.url}/v1/messages/count_tokens`, {
      method: 'POST',
      headers: { 'x-api-key': 'sk-lethe-test', 'anthropic-version': '2024-01-01' },
      body: JSON.stringify({ model: request.model, messages: [user] }),
    });
    expect(keyed.status).toBe(200);
    const [first, second] = router.sent;
    expect(first?.head).toMatch(/^POST \/v1\/messages HTTP/);
    expect(first?.head).toContain('x-api-key: sk-provider');
    expect(first?.head).toContain('anthropic-version: 2023-06-01');
    expect(first?.head).toContain(`anthropic-beta: ${beta}`);
    expect(first?.head).not.toMatch(/authorization|sk-lethe/i);
    expect(second?.head).toMatch(/^POST \/v1\/messages\/count_tokens HTTP/);
    expect(second?.head).toContain('anthropic-version: 2024-01-01');
  });

  it('is not asked for beta features that keep something, and the caller is told which were left out', async () => {
    const router = await start({ zdr: true });
    router.answerWith(JSON.stringify(exchanges['/v1/messages'].body));
    const metadata = { user_id: canary, name: canary };
    const answer = await router.post('/v1/messages', { ...request, metadata }, { 'anthropic-beta': beta });
    expect(answer.headers.get('x-lethe-dropped')).toBe('metadata, anthropic-beta.1');
    expect(router.sent[0]?.head).toContain('anthropic-beta: interleaved-thinking-2025-05-14\r\n');
    expect(JSON.parse(router.sent[0]?.body ?? '')).toEqual({ ...request, model: 'claude-haiku-4-5' });
    expect((await router.telemetry(1))[0]).toMatchObject({ fieldsDropped: 2 });
  });
});
