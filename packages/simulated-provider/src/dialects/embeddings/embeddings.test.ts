import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Reply } from '../../../test-client.js';
import { askWire, bodyJson, wireOf } from '../../../test-wires.js';
import { type Json, type JsonObject, listOr, objectOr } from '../../json-codec.js';
import { type SimulatedProvider, startSimulatedProvider } from '../../simulated-provider.js';

let provider: SimulatedProvider;
beforeAll(async () => {
  provider = await startSimulatedProvider({ seed: 'embeddings' });
});
afterAll(() => provider.close());

const ask = (input: Json, rest: JsonObject = {}): Promise<Reply> =>
  askWire(provider.url, wireOf('embeddings'), { model: 'embed', rest: { input, ...rest } });
const vectors = async (input: Json, rest?: JsonObject): Promise<Json[]> =>
  listOr(bodyJson(await ask(input, rest)).data).map((entry) => objectOr(entry).embedding ?? null);

describe('vectors', () => {
  it('are as long as asked for, of length one, and the same each time', async () => {
    const [vector] = await vectors('a text', { dimensions: 48 });
    const numbers = listOr(vector).map(Number);
    expect(numbers.length).toBe(48);
    expect(Math.hypot(...numbers)).toBeCloseTo(1, 5);
    expect(await vectors('a text', { dimensions: 48 })).toEqual([vector]);
    expect(await vectors('another', { dimensions: 48 })).not.toEqual([vector]);
    expect(listOr((await vectors('a text', { dimensions: null }))[0]).length).toBe(256);
  });

  it('are the same numbers in base64, as little-endian floats', async () => {
    const [floats] = await vectors('a text', { encoding_format: 'float' });
    const [text] = await vectors('a text', { encoding_format: 'base64' });
    const bytes = Buffer.from(String(text), 'base64');
    expect(bytes.length).toBe(16 * 4);
    expect(Array.from({ length: 16 }, (_, index) => bytes.readFloatLE(index * 4))).toEqual(floats);
  });

  it('come one for each input, counted together', async () => {
    const body = bodyJson(await ask(['one text', 'two']));
    expect(body).toMatchObject({
      object: 'list',
      model: 'embed',
      data: [
        { object: 'embedding', index: 0 },
        { object: 'embedding', index: 1 },
      ],
      usage: { prompt_tokens: 3, total_tokens: 3 },
    });
    expect(provider.ledger().at(-1)).toMatchObject({
      route: 'embeddings',
      promptTokens: 3,
      completionTokens: 0,
      completed: true,
    });
    expect(bodyJson(await ask([[1, 2, 3], [4]])).usage).toMatchObject({ prompt_tokens: 4 });
  });
});

it.each([
  ['an empty text', '', {}],
  ['no input', [], {}],
  ['a list of the wrong things', [{}], {}],
  ['too many inputs', Array.from({ length: 2_049 }, () => 'x'), {}],
  ['too many numbers', Array.from({ length: 500 }, () => 'x'), { dimensions: 3_000 }],
  ['half a dimension', 'x', { dimensions: 0.5 }],
  ['another encoding', 'x', { encoding_format: 'int8' }],
] as [string, Json, JsonObject][])('refuses %s', async (_, input, rest) => {
  const reply = await ask(input, rest);
  expect(reply.status).toBe(400);
  expect(objectOr(bodyJson(reply).error).type).toBe('invalid_request_error');
});
