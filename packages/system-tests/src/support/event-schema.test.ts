import { describe, expect, it } from '@jest/globals';
import { compileEventSchema } from './event-schema.js';

const branch = (type: string, names: readonly string[]) => ({
  type: 'object',
  properties: {
    type: { const: type },
    data: {
      type: 'object',
      properties: Object.fromEntries(names.map((name) => [name, { type: 'boolean' }])),
      additionalProperties: false,
    },
  },
  required: ['type', 'data'],
  additionalProperties: false,
});

describe('the validator of events', () => {
  const schema = compileEventSchema({ oneOf: [branch('a.made', ['on']), branch('b.made', ['off'])] });

  it('takes what is in the schema', () => {
    expect(schema.complaintOf({ type: 'a.made', data: { on: true } })).toBeUndefined();
  });

  it('finds what is not, and quotes nothing of it', () => {
    expect(schema.complaintOf({ type: 'a.made', data: { on: 'canary' } })).toBe('a.made: /data/on type');
    expect(schema.complaintOf({ type: 'b.made', data: { on: true } })).toMatch(/^b\.made: /);
    expect(schema.complaintOf('canary')).toMatch(/^no type: /);
    expect(schema.complaintOf({ type: 'a.made', data: { canary: true } })).not.toContain('canary');
  });

  it('refuses a schema that has words it does not know', () => {
    expect(() => compileEventSchema({ type: 'object', colour: 'red' })).toThrow();
  });
});
