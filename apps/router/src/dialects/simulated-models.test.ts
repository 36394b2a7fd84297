import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { listModels, resolveModel } from '@lethe/model-catalog';
import { type SimulatedProvider, startSimulatedProvider } from '@lethe/simulated-provider';

interface Listed {
  readonly id: string;
  readonly endpoints: readonly string[];
}
/** The provider's ledger has a shorter name for one of them. */
const endpointOf = (route: string): string => (route === 'chat' ? 'chat_completions' : route);
let provider: SimulatedProvider;
let listed: readonly Listed[];
beforeAll(async () => {
  provider = await startSimulatedProvider({});
  const answer = await fetch(`${provider.url}/v1/models`, {
    headers: { authorization: 'Bearer sk-test' },
  });
  listed = ((await answer.json()) as { data: Listed[] }).data;
});
afterAll(() => provider.close());

describe('models of the simulated provider', () => {
  it('are all in the catalogue, at the endpoints they are served at', () => {
    expect(listed.length).toBeGreaterThan(50);
    for (const { id, endpoints } of listed) {
      const known = resolveModel(`sim/${id}`)?.model.endpoints;
      expect([id, [...(known ?? [])].sort()]).toEqual([id, endpoints.map(endpointOf).sort()]);
    }
  });

  it('are all that the catalogue lists, under the names it asks them by', () => {
    const names = new Set(listed.map(({ id }) => id));
    for (const { upstreamModel } of listModels(['sim'])) expect(names).toContain(upstreamModel);
  });
});
