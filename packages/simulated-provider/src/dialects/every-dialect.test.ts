import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { askWire, bodyJson, type Tokens, WIRES } from '../../test-wires.js';
import type { LedgerEntry } from '../ledger.js';
import { ANSWER_MODELS, EMBEDDING_MODEL, ENDPOINTS, parseModel, servesAt } from '../models.js';
import { type SimulatedProvider, startSimulatedProvider } from '../simulated-provider.js';

let provider: SimulatedProvider;
beforeAll(async () => {
  provider = await startSimulatedProvider({ seed: 'dialects' });
});
afterAll(() => provider.close());
beforeEach(() => provider.reset());

const tokensIn = (entry: LedgerEntry | undefined): Partial<Tokens> => ({
  input: entry?.promptTokens ?? -1,
  output: entry?.completionTokens ?? -1,
  cached: entry?.cachedTokens ?? -1,
  cacheWrite: entry?.cacheWriteTokens ?? -1,
  reasoning: entry?.reasoningTokens ?? -1,
});

const MODELS = [...ANSWER_MODELS, EMBEDDING_MODEL];
const serves = (name: string, endpoint: (typeof ENDPOINTS)[number]): boolean => {
  const model = parseModel(name);
  return model !== null && servesAt(model, endpoint);
};
const TEXT = 'Wörter — und 🌿 mehr. '.repeat(40);
const streaming = WIRES.filter((wire) => wire.streams);

it('every endpoint is tried', () => {
  expect(WIRES.map(({ endpoint }) => endpoint).sort()).toEqual([...ENDPOINTS].sort());
  expect(streaming.map(({ endpoint }) => endpoint)).toEqual(['chat', 'completions', 'responses', 'messages']);
});

describe.each(streaming)('$endpoint', (wire) => {
  it.each(ANSWER_MODELS.filter((name) => serves(name, wire.endpoint)))(
    '%s says and counts the same in a stream as whole',
    async (model) => {
      const whole = bodyJson(await askWire(provider.url, wire, { model, text: TEXT }));
      const stream = await askWire(provider.url, wire, { model, text: TEXT, rest: { stream: true } });
      expect(stream.headers['content-type']).toContain('text/event-stream');
      expect(wire.streamedFinish(stream)).toBe(wire.finishOf(whole));
      expect(wire.hasEnd(stream)).toBe(true);
      expect(wire.streamedText(stream)).toBe(wire.textOf(whole));
      const [first, second] = provider.ledger();
      expect(wire.tokensOf(whole)).toEqual(tokensIn(first));
      expect(wire.streamedTokens(stream)).toEqual(tokensIn(first));
      expect(tokensIn(second)).toEqual(tokensIn(first));
      expect(first?.completionTokens).toBeGreaterThan(0);
    },
  );

  it('is cut to the caller’s limit, and says so', async () => {
    const rest = { max_output_tokens: 2, max_tokens: 2 };
    const whole = bodyJson(await askWire(provider.url, wire, { model: 'echo', text: TEXT, rest }));
    expect(['length', 'max_output_tokens', 'max_tokens']).toContain(wire.finishOf(whole));
    expect(wire.tokensOf(whole).output).toBe(2);
    expect(TEXT.startsWith(wire.textOf(whole))).toBe(true);
  });

  it('repeats itself for the same request', async () => {
    const rest = { stream: true };
    const first = await askWire(provider.url, wire, { model: 'chat', rest });
    const again = await askWire(provider.url, wire, { model: 'chat', rest });
    expect(again.body.equals(first.body)).toBe(true);
    expect(wire.streamedText(first).length).toBeGreaterThan(20);
  });

  it('every-field stays in proportion to a long text', async () => {
    const text = 'long '.repeat(20_000);
    const stream = await askWire(provider.url, wire, { model: 'every-field', text, rest: { stream: true } });
    expect(stream.body.length).toBeLessThan(150 * text.length);
  });
});

describe.each(WIRES)('$endpoint', (wire) => {
  it('serves its own models and no others', async () => {
    for (const model of MODELS) {
      const reply = await askWire(provider.url, wire, { model });
      expect([model, reply.status]).toEqual([model, serves(model, wire.endpoint) ? 200 : 404]);
      expect(provider.ledger().at(-1)?.route).toBe(wire.endpoint);
    }
  });

  it('strict models refuse what the dialect does not know', async () => {
    const model = wire.endpoint === 'embeddings' ? 'strict-embed' : 'strict-echo';
    const refused = await askWire(provider.url, wire, { model, rest: { lethe: {} } });
    expect(refused.status).toBe(400);
    expect(wire.errorOf(bodyJson(refused)).message).toContain('lethe');
    expect((await askWire(provider.url, wire, { model })).status).toBe(200);
  });

  it('refuses a wrong key, an unknown model and broken JSON in its own words', async () => {
    const model = wire.endpoint === 'embeddings' ? 'embed' : 'echo';
    const keys = { authorization: 'Bearer invalid-key', 'x-api-key': 'invalid-key' };
    const refusals = [
      await askWire(provider.url, wire, { model, headers: keys }),
      await askWire(provider.url, wire, { model: 'canary-model' }),
      await askWire(provider.url, wire, { model, body: '{"model":"echo", canary' }),
      await askWire(provider.url, wire, { model, method: 'PUT' }),
    ];
    expect(refusals.map(({ status }) => status)).toEqual([401, 404, 400, 405]);
    for (const reply of refusals) {
      const error = wire.errorOf(bodyJson(reply));
      expect(error).toMatchObject({ type: expect.any(String), message: expect.any(String) });
      const isAnthropic = wire.path.startsWith('/v1/messages');
      expect('param' in error).toBe(!isAnthropic);
      expect(bodyJson(reply).type).toBe(isAnthropic ? 'error' : undefined);
    }
    expect(refusals[2]?.body.toString()).not.toContain('canary');
  });
});
