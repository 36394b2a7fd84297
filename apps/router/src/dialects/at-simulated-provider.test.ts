import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type LedgerEntry, type SimulatedProvider, startSimulatedProvider } from '@lethe/simulated-provider';
import { ServingRouter } from '../testing/serving-router.js';
import { facesByPath } from './all.js';

let provider: SimulatedProvider;
let routers: { readonly zdr: ServingRouter; readonly open: ServingRouter };
beforeAll(async () => {
  provider = await startSimulatedProvider();
  const baseUrl = `${provider.url}/v1`;
  routers = {
    zdr: await ServingRouter.start({ baseUrl, zdr: true }),
    open: await ServingRouter.start({ baseUrl }),
  };
});
afterAll(async () => {
  await routers.zdr.stop();
  await routers.open.stop();
  await provider.close();
});

const user = { role: 'user', content: 'say something' };
const requests: Readonly<Record<string, object>> = {
  '/v1/chat/completions': { messages: [user], metadata: { a: 'b' }, store: true },
  '/v1/completions': { prompt: 'say something' },
  '/v1/responses': { input: 'say something', instructions: 'brief', metadata: { a: 'b' } },
  '/v1/embeddings': { input: ['say something', 'else'] },
  '/v1/messages': { messages: [user], system: 'brief', max_tokens: 50, metadata: { user_id: 'u-1' } },
  '/v1/messages/count_tokens': { messages: [user], system: 'brief' },
};
const last = (): LedgerEntry => provider.ledger().at(-1) as LedgerEntry;

/** A provider that refuses every field it does not know: nothing of ours may reach it. */
describe.each([...facesByPath])('%s at a strict provider', (path, face) => {
  const model = path === '/v1/embeddings' ? 'sim/strict-embed' : 'sim/strict-echo';
  const request = { ...requests[path], model, lethe: { tags: ['a'] }, provider: {} };

  it.each(['open', 'zdr'] as const)('is served whole, and in a stream: %s', async (which) => {
    const router = routers[which];
    for (const stream of face.streams ? [false, true] : [false]) {
      const answer = await router.post(path, stream ? { ...request, stream } : request);
      const text = await answer.text();
      expect([stream, answer.status, text]).toEqual([stream, 200, expect.any(String)]);
      expect(text.length).toBeGreaterThan(10);
      expect(last()).toMatchObject({ route: expect.any(String), status: 200, completed: true });
      if (which === 'zdr') expect(last()).toMatchObject({ stored: false, stateFields: [] });
    }
  });
});

describe('what a provider would keep', () => {
  const asked = { model: 'sim/reasoning', input: 'think' };

  it('of a response is nothing under ZDR; control: everything without', async () => {
    await (await routers.open.post('/v1/responses', asked)).text();
    expect(last()).toMatchObject({ stored: true, store: null });
    await (await routers.zdr.post('/v1/responses', asked)).text();
    expect(last()).toMatchObject({
      stored: false,
      store: false,
      include: expect.arrayContaining(['reasoning.encrypted_content']),
    });
  });

  it('cannot be asked for: such a request does not arrive; control: without ZDR it does', async () => {
    const before = provider.ledger().length;
    const stateful = { ...asked, previous_response_id: 'resp_1' };
    expect((await routers.zdr.post('/v1/responses', stateful)).status).toBe(400);
    expect(provider.ledger()).toHaveLength(before);
    await (await routers.open.post('/v1/responses', stateful)).text();
    expect(provider.ledger()).toHaveLength(before + 1);
  });
});
