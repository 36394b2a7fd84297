import { describe, expect, it } from '@jest/globals';
import { hasDuplicateField } from './duplicate-field.js';

describe('hasDuplicateField', () => {
  it.each([
    ['{"a":1,"a":2}'],
    ['{"a":1,"\\u0061":2}'],
    ['{"x":[{"a":1},{"b":{"c":1,"c":2}}]}'],
    ['[{"a":"}","a":1}]'],
    ['{"\\n":1,"\\u000a":2}'],
    ['{"\\"":1,"\\u0022":2}'],
    ['{"":1,"":2}'],
  ])('finds one in %s', (json) => {
    expect(() => JSON.parse(json)).not.toThrow();
    expect(hasDuplicateField(json)).toBe(true);
  });

  it.each([
    ['{"a":1,"b":2}'],
    ['{"a":{"a":{"a":1}}}'],
    ['{"a":["a","a"],"b":"a"}'],
    ['{"a":"{\\"a\\":1,\\"a\\":2}"}'],
    ['[{"a":1},{"a":2}]'],
    ['{"a":1,"A":2}'],
    ['"a"'],
    ['{}'],
  ])('finds none in %s', (json) => {
    expect(() => JSON.parse(json)).not.toThrow();
    expect(hasDuplicateField(json)).toBe(false);
  });
});
