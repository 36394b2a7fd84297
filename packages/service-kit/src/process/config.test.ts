import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { ConfigError, readConfig } from './config.js';

const canary = 'CANARY-7f1f';
const schema = z.strictObject({
  port: z.number().int().min(1).max(65_535),
  credential: z.string().min(16),
  kind: z.enum(['kafka', 'postgres']),
  database: z.object({ url: z.url(), password: z.string().regex(/^[a-z]+$/) }),
  list: z.array(z.number()).max(2).default([]),
});
const valid = {
  port: 4_000,
  credential: `${canary} ${canary}`,
  kind: 'kafka',
  database: { url: 'postgres://x', password: 'abc' },
};
const refusalOf = (source: unknown): ConfigError => {
  try {
    readConfig(schema, source);
  } catch (error) {
    return error as ConfigError;
  }
  throw new Error('it was taken');
};

describe('configuration', () => {
  it('is read with its defaults', () => {
    expect(readConfig(schema, valid)).toEqual({ ...valid, list: [] });
  });

  it('that is wrong is refused with every problem at once, each by name', () => {
    const error = refusalOf({
      port: 70_000,
      kind: 'redis',
      database: { url: 'x', password: 7 },
      list: [1, 'a'],
    });
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.problems.map((problem) => problem.split(':')[0])).toEqual([
      'port',
      'credential',
      'kind',
      'database.url',
      'database.password',
      'list.1',
    ]);
    for (const problem of error.problems) {
      expect(error.message).toContain(`  - ${problem}`);
      expect(problem).toMatch(/^[\w.]+: [a-z_]+$/);
    }
  });

  it.each<[string, unknown]>([
    ['a wrong value', { ...valid, port: canary }],
    ['a value too short', { ...valid, credential: 'CANARY' }],
    ['a value that is not listed', { ...valid, kind: canary }],
    ['a value of another form', { ...valid, database: { url: canary, password: canary } }],
    ['a name nobody asked for', { ...valid, [canary]: canary }],
    ['a text', canary],
    ['a list', [canary]],
    ['nothing', undefined],
    ['null', null],
  ])('never prints %s', (_what, source) => {
    const error = refusalOf(source);
    expect(error.problems.length).toBeGreaterThan(0);
    expect(inspect(error, { showHidden: true, depth: null })).not.toContain('CANARY');
    expect(error.cause).toBeUndefined();
  });

  it('that is wrong as a whole is named as the whole', () => {
    expect(refusalOf(7).problems).toEqual(['(root): invalid_type']);
  });
});
