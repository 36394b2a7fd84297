import { describe, expect, it } from '@jest/globals';
import { chatBodyOf } from '../testing/chat-body.js';
import { readModel } from './read-model.js';

const read = (fields: string): string => readModel(chatBodyOf(`{${fields}}`));

describe('the model of a request', () => {
  it('is read as it is spelled', () => {
    expect(read('"model":"openai/gpt-4o@eu"')).toBe('openai/gpt-4o@eu');
    expect(read('"messages":[],"model" : "é"')).toBe('é');
    expect(read(`"model":"${'x'.repeat(256)}"`)).toHaveLength(256);
  });

  it.each([
    ['"messages":[]', 'caller.missing_field'],
    ['"model":7', 'caller.invalid_type'],
    ['"model":null', 'caller.invalid_type'],
    ['"model":["CANARY"]', 'caller.invalid_type'],
    [`"model":"CANARY${'x'.repeat(251)}"`, 'caller.model_unknown'],
    ['"model":"CANARY\\u0061"', 'caller.model_unknown'],
  ])('%s is refused, naming the field and not the value', (fields, code) => {
    expect(() => read(fields)).toThrow(expect.objectContaining({ code, param: 'model' }));
    expect(() => read(fields)).not.toThrow(/CANARY/);
  });

  it('an empty name is a name no catalogue holds', () => {
    expect(read('"model":""')).toBe('');
  });
});
