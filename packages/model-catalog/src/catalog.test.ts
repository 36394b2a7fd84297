import { describe, expect, it } from '@jest/globals';
import {
  catalogModels,
  catalogProviders,
  findProvider,
  findUpstreamModel,
  listModels,
  resolveModel,
  satisfiesNoRetention,
  satisfiesNoTraining,
} from './index.js';

const DAY = /^20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;
const MONTH_OR_DAY = /^20\d\d-(0[1-9]|1[0-2])(-\d\d)?$/;
const isSource = (text: string): boolean => text === 'simulated' || /^https:\/\/[a-z0-9.-]+\//.test(text);

describe('catalogue entries', () => {
  it('have ids of their own, known providers and bounded names', () => {
    const names = catalogModels.flatMap((model) => [
      model.id,
      ...model.upstreamAliases.map((alias) => `${model.provider}/${alias}`),
    ]);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z]+\/[A-Za-z0-9._/-]{1,64}$/);
    for (const model of catalogModels) expect(findProvider(model.provider)).toBeDefined();
  });

  it('name source and day of every price, and nothing that is billed is free', () => {
    const priced = catalogModels.filter((model) => model.price !== null);
    expect(priced.length).toBeGreaterThan(40);
    for (const { price, endpoints } of priced) {
      if (price === null) continue;
      expect(isSource(price.source)).toBe(true);
      expect(price.readFrom === null || isSource(price.readFrom)).toBe(true);
      expect(price.asOf).toMatch(DAY);
      expect(price.inputNanosPerMTok).toBeGreaterThan(0n);
      // Vectors are billed by what was read; any other answer has a price of its own.
      if (endpoints.join() === 'embeddings') expect(price.outputNanosPerMTok).toBe(0n);
      else expect(price.outputNanosPerMTok).toBeGreaterThan(0n);
      expect(price.cachedInputNanosPerMTok).toBeGreaterThan(0n);
      expect(price.cachedInputNanosPerMTok).toBeLessThanOrEqual(price.inputNanosPerMTok);
      expect(price.cacheWriteNanosPerMTok).toBeGreaterThanOrEqual(price.inputNanosPerMTok);
    }
  });

  it('carry a sourced data policy, and only the simulated provider passes without conditions', () => {
    for (const { dataPolicy } of [...catalogModels, ...catalogProviders]) {
      expect(isSource(dataPolicy.source)).toBe(true);
      expect(dataPolicy.asOf).toMatch(MONTH_OR_DAY);
      expect(dataPolicy.privacyComments.length).toBeGreaterThan(10);
    }
    const passing = catalogProviders.filter(({ dataPolicy }) => satisfiesNoRetention(dataPolicy));
    expect(passing.map(({ id }) => id)).toEqual(['sim']);
  });
});

describe('privacy filters', () => {
  const policyOf = (id: string) => findProvider(id)?.dataPolicy;

  it('never take unknown, an aggregator or an open conflict for a yes', () => {
    const known = findProvider('sim')?.dataPolicy;
    if (known === undefined) throw new Error('no simulated provider');
    expect(satisfiesNoRetention(known) && satisfiesNoTraining(known)).toBe(true);
    expect(satisfiesNoRetention({ ...known, retention: 'unknown', zdrActive: 'unknown' })).toBe(false);
    expect(satisfiesNoRetention({ ...known, confidence: 'aggregator' })).toBe(false);
    expect(satisfiesNoTraining({ ...known, trains: 'unknown' })).toBe(false);
    expect(satisfiesNoTraining({ ...known, trains: 'opt_in' })).toBe(false);
    expect(satisfiesNoTraining({ ...known, confidence: 'inferred' })).toBe(false);
    expect(satisfiesNoTraining({ ...known, conditions: ['sources_conflict'] })).toBe(false);
  });

  it('fail the known bad cases and pass a condition only when it is accepted', () => {
    const groq = policyOf('groq');
    const deepseek = policyOf('deepseek');
    if (!groq || !deepseek) throw new Error('missing provider');
    expect(satisfiesNoTraining(deepseek)).toBe(false);
    expect(satisfiesNoRetention(groq)).toBe(false);
    expect(satisfiesNoRetention(groq, ['troubleshooting_exception'])).toBe(true);
    const fable = catalogModels.find(({ id }) => id === 'anthropic/claude-fable-5');
    expect(fable && satisfiesNoRetention({ ...fable.dataPolicy, conditions: [] })).toBe(false);
  });
});

describe('resolveModel', () => {
  it('splits on the first slash and the last at sign', () => {
    expect(resolveModel('openai/gpt-4.1')?.model.id).toBe('openai/gpt-4.1');
    expect(resolveModel('groq/openai/gpt-oss-120b')?.model.upstreamModel).toBe('openai/gpt-oss-120b');
    const regional = resolveModel('bedrock/claude-sonnet-4-5@eu-central-1');
    expect(regional?.model.id).toBe('bedrock/claude-sonnet-4-5');
    expect(regional?.region).toEqual({ id: 'eu-central-1', residency: 'eu' });
  });

  it('takes a dated snapshot for its model', () => {
    const snapshot = resolveModel('openai/gpt-4.1-nano-2025-04-14')?.model;
    expect(snapshot?.id).toBe('openai/gpt-4.1-nano');
    expect(snapshot?.upstreamModel).toBe('gpt-4.1-nano-2025-04-14');
    expect(findUpstreamModel('openai', 'gpt-4.1-nano-2025-04-14')?.id).toBe('openai/gpt-4.1-nano');
    expect(findUpstreamModel('nobody', 'gpt-4.1-nano-2025-04-14')).toBeUndefined();
  });

  it.each([
    '',
    '/',
    'gpt-4.1',
    'openai/',
    '/gpt-4.1',
    'openai/gpt-4.1@',
    'openai/gpt-4.1@mars',
    'openai/gpt-4.1@eu@eu',
    'OpenAI/gpt-4.1',
    'openai/gpt-4.1 ',
    'policy/fast',
    'sim/',
    'sim/the-canary-of-a-caller',
    'sim/fault-the-canary',
    'sim/echo~the-canary',
    'sim/echo~99999',
    'constructor/prototype',
    `openai/${'a'.repeat(300)}`,
  ])('does not know %j', (name) => {
    expect(resolveModel(name)).toBeUndefined();
  });

  it('resolves the simulated models, their delay kept out of the id', () => {
    for (const name of ['echo', 'strict-chat', 'fault-429-then-ok', 'strict-fault-cut', 'every-field'])
      expect(resolveModel(`sim/${name}`)?.model).toMatchObject({ id: `sim/${name}`, upstreamModel: name });
    expect(resolveModel('sim/chat~20')?.model).toMatchObject({ id: 'sim/chat', upstreamModel: 'chat~20' });
    expect(resolveModel('sim/unpriced')?.model).toMatchObject({ price: null, upstreamModel: 'echo' });
    expect(resolveModel('sim/no-usage')?.model.upstreamModel).toBe('fault-no-usage');
    expect(resolveModel('sim/echo@eu')?.region?.residency).toBe('eu');
  });

  it('knows every listed model by its id', () => {
    for (const model of catalogModels) expect(resolveModel(model.id)?.model.id).toBe(model.id);
  });
});

describe('listModels', () => {
  it('lists the models of the given providers alone', () => {
    expect(listModels([])).toEqual([]);
    const listed = listModels(['sim', 'groq', 'nobody']);
    expect(new Set(listed.map(({ provider }) => provider))).toEqual(new Set(['groq', 'sim']));
    expect(listed.map(({ id }) => id)).toContain('sim/echo');
  });
});

describe('endpoints', () => {
  const of = (name: string) => resolveModel(name)?.model.endpoints;

  it('of a model are among those that its provider has a path for', () => {
    for (const { id, provider, endpoints } of catalogModels) {
      const paths = findProvider(provider)?.paths ?? {};
      const unserved = endpoints.filter(
        (endpoint) => endpoint !== 'generate_content' && endpoint !== 'converse' && !(endpoint in paths),
      );
      expect([id, unserved]).toEqual([id, []]);
      expect(endpoints.length).toBeGreaterThan(0);
    }
  });

  it('are narrow where the model is', () => {
    expect(of('openai/gpt-5-codex')).toEqual(['responses']);
    expect(of('openai/text-embedding-3-small')).toEqual(['embeddings']);
    expect(of('openai/gpt-3.5-turbo-instruct')).toEqual(['completions']);
    expect(of('anthropic/claude-haiku-4-5')).toEqual(['messages', 'count_tokens']);
    expect(of('sim/embed')).toEqual(['embeddings']);
    expect(of('sim/echo')).not.toContain('embeddings');
    expect(of('sim/fault-cut~5')).toEqual(expect.arrayContaining(['completions', 'embeddings', 'messages']));
    expect(of('sim/no-usage')).toEqual(of('sim/fault-no-usage'));
  });
});
