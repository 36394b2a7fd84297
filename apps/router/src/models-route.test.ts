import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ServingRouter } from './testing/serving-router.js';

interface Listed {
  readonly id: string;
  readonly api: string;
  readonly endpoints: readonly string[];
  readonly input_price: number | null;
  readonly output_price: number | null;
}
let router: ServingRouter;
let listed: ReadonlyMap<string, Listed>;
beforeAll(async () => {
  router = await ServingRouter.start();
  const answer = await fetch(`${router.url}/v1/models`);
  const { object, data } = (await answer.json()) as { object: string; data: Listed[] };
  expect([answer.status, object]).toEqual([200, 'list']);
  listed = new Map(data.map((entry) => [entry.id, entry]));
});
afterAll(() => router.stop());

describe('the list of models', () => {
  it('has the models of every dialect that is served, and says where each is', () => {
    expect(listed.get('openai/gpt-4.1')).toMatchObject({ api: 'chat' });
    expect(listed.get('openai/gpt-5-codex')).toMatchObject({ endpoints: ['responses'] });
    expect(listed.get('anthropic/claude-haiku-4-5')).toMatchObject({
      api: 'chat',
      endpoints: ['messages', 'count_tokens'],
    });
    expect([...listed.keys()].filter((id) => id.startsWith('gemini/'))).toEqual([]);
  });

  it('calls embeddings what gives vectors alone', () => {
    for (const { id, api, endpoints } of listed.values())
      expect([id, api]).toEqual([id, endpoints.join() === 'embeddings' ? 'embedding' : 'chat']);
    expect(listed.get('openai/text-embedding-3-small')).toMatchObject({
      api: 'embedding',
      input_price: 2e-8,
      output_price: 0,
    });
    expect(listed.get('sim/fault-400')).toMatchObject({ api: 'chat' });
  });

  it('has no price where none is known', () => {
    expect(listed.get('sim/unpriced')).toMatchObject({ input_price: null, output_price: null });
  });
});
