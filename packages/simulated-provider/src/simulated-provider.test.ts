import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ask, askChat, contentOf, jsonOf, type Reply, user } from '../test-client.js';
import { type JsonObject, listOr, objectOr } from './json-codec.js';
import { FAULT_KINDS } from './models.js';
import { type SimulatedProvider, startSimulatedProvider } from './simulated-provider.js';

let provider: SimulatedProvider;
beforeAll(async () => {
  provider = await startSimulatedProvider({ keepLast: true });
});
afterAll(() => provider.close());
afterEach(() => provider.reset());

const at = (path: string): string => `${provider.url}${path}`;
const errorOf = (reply: Reply): JsonObject => objectOr(jsonOf(reply).error);

describe('authorization', () => {
  it.each([
    ['Bearer anything', 200],
    ['Bearer invalid-key', 401],
    ['Basic abc', 401],
    ['', 401],
  ])('answers %j with %i', async (authorization, status) => {
    const reply = await askChat(
      provider.url,
      'echo',
      {},
      { headers: { authorization }, body: bodyOf('echo') },
    );
    expect(reply.status).toBe(status);
    expect((await ask(at('/v1/models'), { headers: { authorization } })).status).toBe(status);
    expect(provider.ledger()[0]?.status).toBe(status);
  });
});

describe('models', () => {
  it('are all listed, faults and strict ones included', async () => {
    const list = jsonOf(await ask(at('/v1/models')));
    const names = listOr(list.data).map((model) => objectOr(model).id);
    expect(list.object).toBe('list');
    expect(names).toEqual(expect.arrayContaining(['echo', 'chat', 'cached', 'every-field', 'strict-chat']));
    for (const kind of FAULT_KINDS) {
      expect(names).toEqual(expect.arrayContaining([`fault-${kind}`, `fault-${kind}-then-ok`]));
    }
  });

  it('can be asked for one by one', async () => {
    expect(jsonOf(await ask(at('/v1/models/echo')))).toMatchObject({ id: 'echo', object: 'model' });
    expect((await ask(at('/v1/models/nobody'))).status).toBe(404);
  });
});

describe('strict models', () => {
  it('refuse fields that the dialect does not know, and others do not', async () => {
    const rest = { lethe: { tags: ['a'] }, temperature: 1 };
    const refused = await askChat(provider.url, 'strict-chat', rest);
    expect(refused.status).toBe(400);
    expect(errorOf(refused).message).toContain('lethe');
    expect((await askChat(provider.url, 'chat', rest)).status).toBe(200);
    expect((await askChat(provider.url, 'strict-chat', { temperature: 1, store: false })).status).toBe(200);
  });
});

describe('requests that cannot be served', () => {
  const refused: [string, JsonObject, number][] = [
    ['an unknown model', { model: 'gpt-99' }, 404],
    ['an unknown fault', { model: 'fault-nothing' }, 404],
    ['no model', { model: null }, 400],
    ['no messages', { messages: [] }, 400],
    ['too many choices', { n: 17 }, 400],
    ['half a token', { max_tokens: 0.5 }, 400],
    ['too many stops', { stop: ['a', 'b', 'c', 'd', 'e'] }, 400],
    ['stream options without a stream', { stream_options: {} }, 400],
  ];
  it.each(refused)('%s', async (_, rest, status) => {
    const reply = await askChat(provider.url, 'echo', rest);
    expect(reply.status).toBe(status);
    expect(errorOf(reply)).toMatchObject({ type: 'invalid_request_error', message: expect.any(String) });
    expect(provider.ledger()).toMatchObject([{ status, completed: true, promptTokens: 0 }]);
  });

  it('names no unknown model in the ledger', async () => {
    await askChat(provider.url, 'canary-model');
    expect(JSON.stringify(provider.ledger())).not.toContain('canary-model');
  });

  it('broken JSON', async () => {
    const reply = await ask(at('/v1/chat/completions'), { body: '{"model":"echo", canary' });
    expect(reply.status).toBe(400);
    expect(reply.body.toString()).not.toContain('canary');
  });

  it('a body that is too large', async () => {
    const reply = await ask(at('/v1/chat/completions'), {
      method: 'POST',
      headers: { 'content-length': String(64 * 1024 * 1024) },
      body: 'x',
    });
    expect(reply.status).toBe(413);
  });

  it('other paths and methods', async () => {
    expect((await ask(at('/v1/images/generations'), { body: '{}' })).status).toBe(404);
    const reply = await ask(at('/v1/chat/completions'));
    expect([reply.status, reply.headers.allow]).toEqual([405, 'POST']);
    expect((await ask(at('/v1/models'), { body: '{}' })).status).toBe(405);
  });
});

describe('operators’ routes', () => {
  it('hand out and clear the ledger', async () => {
    await askChat(
      provider.url,
      'echo',
      { store: true, lethe: {} },
      {
        body: bodyOf('echo', { store: true, lethe: {} }),
        headers: { 'x-lethe-request-id': 'id-1', 'x-title': 'secret title' },
      },
    );
    const reply = await ask(at('/__ledger'));
    expect(listOr(jsonOf(reply).data)).toMatchObject([
      {
        model: 'echo',
        store: true,
        requestId: 'id-1',
        bodyFields: ['lethe', 'messages', 'model', 'store'],
        headerNames: expect.arrayContaining(['authorization', 'x-title']),
        headerValues: { 'content-type': 'application/json' },
      },
    ]);
    expect(reply.body.toString()).not.toMatch(/secret title|Bearer|Hello/);
    expect((await ask(at('/__ledger'), { method: 'DELETE' })).status).toBe(204);
    expect(provider.ledger()).toEqual([]);
  });

  it('hand out the last body verbatim, only when bodies are kept', async () => {
    const body = `{ "model" : "echo",\n "messages":[{"role":"user","content":"caf\\u00e9 é"}] , "x":1e0 }`;
    await ask(at('/v1/chat/completions'), { body });
    expect((await ask(at('/__last'))).body.toString()).toBe(body);
    expect(provider.last()?.toString()).toBe(body);

    const forgetful = await startSimulatedProvider();
    await askChat(forgetful.url, 'echo');
    expect((await ask(`${forgetful.url}/__last`)).status).toBe(404);
    expect(forgetful.last()).toBeNull();
    await forgetful.close();
  });

  it('say that it is up, without a token', async () => {
    for (const path of ['/healthz', '/readyz']) {
      expect((await ask(at(path), { headers: { authorization: '' } })).status).toBe(200);
    }
  });
});

describe('the library', () => {
  it('takes a fixed port once and refuses it twice', async () => {
    await expect(startSimulatedProvider({ port: provider.port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });

  it('closes under requests in flight', async () => {
    const other = await startSimulatedProvider();
    const hanging = askChat(other.url, 'fault-hang');
    const closed = hanging.then(
      () => 'answered',
      () => 'dropped',
    );
    await askChat(other.url, 'echo');
    await other.close();
    expect(await closed).toBe('dropped');
  });

  it('spaces events by its own delay where the model names none', async () => {
    const slow = await startSimulatedProvider({ chunkDelayMs: 15 });
    const began = performance.now();
    await askChat(slow.url, 'echo', { stream: true });
    expect(performance.now() - began).toBeGreaterThan(45);
    const reply = await askChat(slow.url, 'echo~0', { messages: [user('hi')] });
    expect(contentOf(jsonOf(reply))).toBe('hi');
    await slow.close();
  });
});

function bodyOf(model: string, rest: JsonObject = {}): string {
  return JSON.stringify({ model, messages: [user('Hello')], ...rest });
}
