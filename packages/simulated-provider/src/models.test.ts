import { describe, expect, it } from '@jest/globals';
import { listOr, objectOr } from './json-codec.js';
import { ENDPOINTS, FAULT_KINDS, modelEntryJson, modelListJson, parseModel } from './models.js';

describe('parseModel', () => {
  it('reads every part of a name', () => {
    expect(parseModel('strict-chat~20')).toEqual({
      name: 'strict-chat~20',
      answer: 'chat',
      fault: null,
      thenOk: false,
      strict: true,
      chunkDelayMs: 20,
    });
    expect(parseModel('fault-cut-clean-then-ok')).toMatchObject({
      answer: 'echo',
      fault: 'cut-clean',
      thenOk: true,
    });
    expect(parseModel('fault-cut~5')).toMatchObject({ fault: 'cut', thenOk: false, chunkDelayMs: 5 });
  });

  it.each([
    '',
    'gpt-4',
    'echo~',
    'echo~60001',
    'echo~x',
    'Echo',
    'fault-',
    'fault-404',
    'strict-',
    'x'.repeat(1e6),
  ])('knows no other name (%#)', (name) => {
    expect(parseModel(name)).toBeNull();
  });

  it('knows each name that is listed', () => {
    const names = listOr(objectOr(modelListJson()).data).map((model) => String(objectOr(model).id));
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(FAULT_KINDS.length * 2);
    expect(names.filter((name) => modelEntryJson(name) === null)).toEqual([]);
  });
});

describe('the endpoints of a model', () => {
  it.each([
    ['echo', ['chat', 'completions', 'responses', 'messages', 'count_tokens']],
    ['strict-chat', ['chat', 'completions', 'responses', 'messages', 'count_tokens']],
    ['tools', ['chat', 'completions', 'responses', 'messages', 'count_tokens']],
    ['embed', ['embeddings']],
    ['fault-drip', [...ENDPOINTS]],
  ])('%s: %j', (name, endpoints) => {
    expect(modelEntryJson(name)).toMatchObject({ id: name, endpoints });
  });
});
