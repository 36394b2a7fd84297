import { connect } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  ask,
  askChat,
  choicesOf,
  chunksOf,
  contentOf,
  eventsOf,
  finishReasonsOf,
  jsonOf,
  type Reply,
  streamedText,
  until,
  user,
} from '../../test-client.js';
import { decodeJson, type JsonObject, objectOr } from '../json-codec.js';
import { FAULT_KINDS } from '../models.js';
import { type SimulatedProvider, startSimulatedProvider } from '../simulated-provider.js';

let provider: SimulatedProvider;
beforeAll(async () => {
  provider = await startSimulatedProvider({ seed: 'faults' });
});
afterAll(() => provider.close());
afterEach(() => provider.reset());

const CANARY = 'canary 4711, twelve pieces of text';
const STREAM = { stream: true, stream_options: { include_usage: true } };
const fail = (kind: string, rest: JsonObject = {}): Promise<Reply> =>
  askChat(provider.url, `fault-${kind}`, { messages: [user(CANARY)], ...rest });
const errorOf = (reply: Reply): JsonObject => objectOr(jsonOf(reply).error);
const entry = () => provider.ledger().at(-1);

describe('refusals', () => {
  it.each(['400', '401', '429', '500', '529'])('%s has that status and quotes the prompt', async (kind) => {
    const reply = await fail(kind);
    expect(reply.status).toBe(Number(kind));
    expect(errorOf(reply).message).toContain(CANARY);
    expect(entry()).toMatchObject({
      status: Number(kind),
      promptTokens: 0,
      completionTokens: 0,
      completed: true,
    });
  });

  it('400 quotes it in param, details and a header as well', async () => {
    const reply = await fail('400');
    expect(errorOf(reply).param).toBe(CANARY);
    expect(JSON.stringify(errorOf(reply).details)).toContain(CANARY);
    expect(reply.headers['x-error-detail']).toBe(CANARY);
  });

  it('429 says when to come back', async () => {
    expect((await fail('429')).headers['retry-after']).toBe('1');
  });

  it('survives text that no header may hold', async () => {
    const reply = await fail('400', { messages: [user('a\r\nb: c 🌿')] });
    expect(reply.headers['x-error-detail']).toBe('a??b: c ??');
  });
});

describe('silence', () => {
  it('hang never answers, and notices that the client left', async () => {
    const asked = ask(`${provider.url}/v1/chat/completions`, {
      body: JSON.stringify({ model: 'fault-hang', messages: [user(CANARY)] }),
      timeoutMs: 300,
    });
    await expect(asked).rejects.toThrow();
    await until(() => entry()?.open === false);
    expect(entry()).toMatchObject({ status: 0, aborted: true, completed: false });
  });

  it('slow-head answers after two seconds', async () => {
    const began = performance.now();
    expect(contentOf(jsonOf(await fail('slow-head')))).toBe(CANARY);
    expect(performance.now() - began).toBeGreaterThan(1_900);
  });

  it('reset resets before a head', async () => {
    await expect(fail('reset')).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(entry()).toMatchObject({ status: 0, aborted: false, completed: false, open: false });
  });
});

describe('broken streams', () => {
  const expectHalf = (reply: Reply): void => {
    const text = streamedText(reply);
    expect(text.length).toBeGreaterThan(0);
    expect(text.length).toBeLessThan(CANARY.length);
    expect(CANARY.startsWith(text)).toBe(true);
    expect(reply.body.toString()).not.toContain('[DONE]');
    expect(finishReasonsOf(reply)).toEqual([]);
    expect(entry()).toMatchObject({ status: 200, completed: false, aborted: false, open: false });
    expect(entry()?.completionTokens).toBe(Math.ceil(text.length / 4));
  };

  it('reset-mid-stream', async () => {
    const reply = await fail('reset-mid-stream', STREAM);
    expect(reply.ended).toBe('ECONNRESET');
    expectHalf(reply);
  });

  it('cut closes without the terminator of the chunked body', async () => {
    const reply = await fail('cut', STREAM);
    expect(reply.ended).toBe('ECONNRESET'); // Node's word for a body that did not end.
    expectHalf(reply);
    const raw = await rawReply('fault-cut', STREAM);
    expect(raw.closed).toBe('end');
    expect(raw.text.endsWith('0\r\n\r\n')).toBe(false);
  });

  it('cut-clean ends properly, without usage and [DONE]', async () => {
    const reply = await fail('cut-clean', STREAM);
    expect(reply.ended).toBe('whole');
    expectHalf(reply);
  });

  it('mid-stream-error sends an error event that quotes the prompt', async () => {
    const reply = await fail('mid-stream-error', STREAM);
    const last = chunksOf(reply).at(-1);
    expect(objectOr(last?.error).message).toContain(CANARY);
    expect(reply.ended).toBe('whole');
    expectHalf(reply);
  });

  it.each(['reset-mid-stream', 'cut', 'cut-clean'])(
    '%s breaks a whole answer amid its JSON',
    async (kind) => {
      const reply = await fail(kind);
      expect(reply.status).toBe(200);
      expect(reply.body.length).toBeGreaterThan(10);
      expect(decodeJson(reply.body)).toBeUndefined();
      expect(reply.ended).toBe(kind === 'cut-clean' ? 'whole' : 'ECONNRESET');
    },
  );

  it('mid-stream-error without a stream is an error body with 200', async () => {
    const reply = await fail('mid-stream-error');
    expect(reply.status).toBe(200);
    expect(errorOf(reply).type).toBe('server_error');
  });

  it.each([true, false])('endless talks until the client leaves (stream: %s)', async (stream) => {
    const reply = await ask(`${provider.url}/v1/chat/completions`, {
      body: JSON.stringify({ model: 'fault-endless', stream, messages: [user(CANARY)] }),
      leaveAfterBytes: 4_000,
    });
    expect(reply.ended).toBe('left');
    await until(() => entry()?.open === false);
    expect(entry()).toMatchObject({ status: 200, aborted: true });
    expect(entry()?.completionTokens).toBeGreaterThan(5);
  });
});

describe('bent answers', () => {
  it('no-usage gives whole answers that never speak of usage', async () => {
    const stream = await fail('no-usage', STREAM);
    expect(stream.body.toString()).not.toContain('"usage"');
    expect(eventsOf(stream).at(-1)).toBe('[DONE]');
    const whole = jsonOf(await fail('no-usage'));
    expect(contentOf(whole)).toBe(CANARY);
    expect('usage' in whole).toBe(false);
    expect(entry()?.completionTokens).toBeGreaterThan(0);
  });

  it('bad-json puts one broken event, with the prompt, into a proper stream', async () => {
    const events = eventsOf(await fail('bad-json', STREAM));
    const broken = events.filter((event) => typeof event === 'string' && event !== '[DONE]');
    expect(broken).toEqual([expect.stringContaining(CANARY)]);
    expect(events.at(-1)).toBe('[DONE]');
    expect(decodeJson((await fail('bad-json')).body)).toBeUndefined();
  });

  it('huge-head sends a header of 200 KB', async () => {
    const reply = await fail('huge-head');
    expect(String(reply.headers['x-sim-padding']).length).toBe(200 * 1024);
    expect(contentOf(jsonOf(reply))).toBe(CANARY);
  });

  it('gzip compresses whatever was asked for', async () => {
    const whole = await fail('gzip');
    expect(whole.headers['content-encoding']).toBe('gzip');
    expect(contentOf(objectOr(decodeJson(gunzipSync(whole.body))))).toBe(CANARY);
    const stream = await fail('gzip', STREAM);
    expect(streamedText({ ...stream, body: gunzipSync(stream.body) })).toBe(CANARY);
    expect(entry()).toMatchObject({ completed: true, aborted: false });
  });

  it('redirect tells on whoever follows it', async () => {
    const reply = await fail('redirect');
    expect(reply.status).toBe(302);
    expect(decodeURIComponent(String(reply.headers.location))).toContain(CANARY);
    expect(provider.ledger().map(({ route }) => route)).toEqual(['chat']);
    await ask(new URL(String(reply.headers.location), provider.url).href);
    expect(provider.ledger().map(({ route }) => route)).toEqual(['chat', 'redirect_target']);
  });

  it('two-responses sends a second response that nobody asked for', async () => {
    const { text } = await rawReply('fault-two-responses', {});
    expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
    expect(text).toContain('"unasked":true');
    expect(entry()).toMatchObject({ status: 200, completed: true });
  });

  it('informational sends a 103 first', async () => {
    const reply = await fail('informational');
    expect([reply.informational, reply.status]).toEqual([[103], 200]);
    expect(contentOf(jsonOf(reply))).toBe(CANARY);
  });

  it('unknown-finish gives a finish reason that quotes the prompt', async () => {
    const reason = `unheard_of: ${CANARY}`;
    expect(choicesOf(jsonOf(await fail('unknown-finish')))[0]?.finish_reason).toBe(reason);
    expect(finishReasonsOf(await fail('unknown-finish', STREAM))).toEqual([reason]);
  });
});

describe('-then-ok', () => {
  it('fails the first time a body is seen and answers afterwards, body by body', async () => {
    const first = { messages: [user('first')] };
    const second = { messages: [user('second')] };
    const statuses: number[] = [];
    for (const rest of [first, first, second, first, second]) {
      statuses.push((await fail('500-then-ok', rest)).status);
    }
    expect(statuses).toEqual([500, 200, 500, 200, 200]);
    provider.reset();
    expect((await fail('500-then-ok', first)).status).toBe(500);
  });

  it.each(FAULT_KINDS.filter((kind) => kind !== 'hang'))(
    'fault-%s-then-ok answers the second time',
    async (kind) => {
      const attempt = () =>
        ask(`${provider.url}/v1/chat/completions`, {
          body: JSON.stringify({ model: `fault-${kind}-then-ok`, stream: true, messages: [user(CANARY)] }),
          leaveAfterBytes: 300_000,
        }).catch(() => undefined);
      await attempt();
      const second = await attempt();
      expect(second && streamedText(second)).toBe(CANARY);
      expect(second && eventsOf(second).at(-1)).toBe('[DONE]');
    },
  );
});

/** The bytes of one connection until the server closes it. */
function rawReply(model: string, rest: JsonObject): Promise<{ text: string; closed: string }> {
  const body = JSON.stringify({ model, messages: [user(CANARY)], ...rest });
  return new Promise((resolve) => {
    const socket = connect(provider.port, '127.0.0.1');
    let text = '';
    socket.on('data', (part) => {
      text += part.toString();
    });
    socket.on('end', () => resolve({ text, closed: 'end' }));
    socket.on('error', () => resolve({ text, closed: 'error' }));
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer any\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  });
}
