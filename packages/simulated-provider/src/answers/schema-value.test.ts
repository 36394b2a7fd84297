import { describe, expect, it } from '@jest/globals';
import type { Json } from '../json-codec.js';
import { randomFrom } from '../random.js';
import { valueFor } from './schema-value.js';

const fill = (schema: Json): Json => valueFor(schema, { text: 'said', random: randomFrom('schema') });

describe('valueFor', () => {
  const cases: [string, Json, Json][] = [
    ['a string', { type: 'string' }, 'said'],
    ['a short string', { type: 'string', maxLength: 2 }, 'sa'],
    ['a long string', { type: 'string', minLength: 6 }, 'said..'],
    ['a date', { type: 'string', format: 'date' }, '2025-01-01'],
    ['a constant', { const: 7 }, 7],
    ['an enum', { enum: ['only'] }, 'only'],
    ['an integer within bounds', { type: 'integer', minimum: 2.5 }, 3],
    ['a number above a bound', { type: 'number', exclusiveMinimum: 4 }, 5],
    ['a multiple', { type: 'integer', multipleOf: 4, minimum: 5 }, 8],
    ['null', { type: 'null' }, null],
    ['the first type that is not null', { type: ['null', 'string'] }, 'said'],
    ['a list', { type: 'array', items: { type: 'string' }, minItems: 2 }, ['said', 'said']],
    [
      'an object by its properties',
      { properties: { a: { type: 'string' } }, required: ['a'] },
      { a: 'said' },
    ],
    [
      'required properties only',
      { type: 'object', properties: { a: {}, b: {} }, required: ['b'] },
      { b: 'said' },
    ],
    ['the first alternative', { anyOf: [{ type: 'string' }, { type: 'null' }] }, 'said'],
    [
      'all of several',
      {
        allOf: [
          { properties: { a: { const: 1 } }, required: ['a'] },
          { properties: { b: { const: 2 } }, required: ['b'] },
        ],
      },
      { a: 1, b: 2 },
    ],
    ['a reference', { $defs: { x: { const: 'there' } }, $ref: '#/$defs/x' }, 'there'],
    ['a reference to nothing', { $ref: '#/$defs/x' }, 'said'],
    ['no schema', null, 'said'],
  ];
  it.each(cases)('gives %s', (_, schema, value) => {
    expect(fill(schema)).toEqual(value);
  });

  it('gives a boolean and an unbounded number of the right type', () => {
    expect(typeof fill({ type: 'boolean' })).toBe('boolean');
    expect(Number.isInteger(fill({ type: 'integer' }))).toBe(true);
  });

  it('ends where a schema refers to itself', () => {
    const tree = {
      type: 'object',
      properties: {
        children: { type: 'array', items: { $ref: '#' } },
        next: { anyOf: [{ $ref: '#' }, { type: 'null' }] },
      },
      required: ['children', 'next'],
    };
    expect(JSON.stringify(fill(tree)).length).toBeLessThan(10_000);
    expect(fill({ $ref: '#' })).toBeNull();
  });

  it('ends where a schema doubles itself at every level', () => {
    const bomb = {
      $ref: '#/$defs/x',
      $defs: { x: { type: 'array', items: { $ref: '#/$defs/x' }, minItems: 1_000_000 } },
    };
    expect(JSON.stringify(fill(bomb)).length).toBeLessThan(100_000);
  });
});
