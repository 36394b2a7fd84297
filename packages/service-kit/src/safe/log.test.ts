import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createLogger, type LogFields } from './log.js';
import { Opaque } from './opaque.js';

const canary = 'CANARY 7f1f';
const logged = () => {
  const lines: string[] = [];
  const log = createLogger('router', (line) => lines.push(line));
  const last = (): Record<string, unknown> => JSON.parse(lines.at(-1) ?? '');
  return { log, lines, last };
};
const fieldsOf = (fields: unknown): Record<string, unknown> => {
  const { log, last } = logged();
  log.info('x', fields as LogFields);
  return last();
};

describe('a log line', () => {
  it('is one line of JSON with time, level, service and event', () => {
    const { log, lines, last } = logged();
    log.info('service.ready');
    expect(lines[0]).toMatch(/^\{.*\}\n$/);
    expect(last()).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      level: 'info',
      service: 'router',
      event: 'service.ready',
    });
    log.warn('policy.refused', { reason: 'gap', version: 7n, waiting: 3, ok: false, missing: undefined });
    expect(last()).toMatchObject({ level: 'warn', reason: 'gap', version: '7', waiting: 3, ok: false });
    expect('missing' in last()).toBe(false);
  });

  it('of an error has its facts and never its message', () => {
    const { log, lines, last } = logged();
    log.error('pipeline.failed', Object.assign(new TypeError(canary), { code: 'E_X' }), { point: 'relay' });
    expect(last()).toMatchObject({
      level: 'error',
      point: 'relay',
      error: { name: 'TypeError', code: 'E_X', frames: expect.any(Array) },
    });
    log.error('pipeline.failed', canary);
    log.error('pipeline.failed', { message: canary });
    expect(lines.join('')).not.toContain('CANARY');
  });
});

describe('free text', () => {
  it.each<[string, unknown]>([
    ['a sentence', canary],
    ['a line break', 'a\nb'],
    ['quotes', 'say "CANARY"'],
    ['other scripts', 'CANARY-é'],
    ['what is too long', 'CANARY'.repeat(30)],
    ['an object', { CANARY: canary }],
    ['a list', [canary]],
    ['an error', new Error(canary)],
    ['bytes', Buffer.from(canary)],
    ['a function', () => canary],
    ['a symbol', Symbol(canary)],
    ['null', null],
    ['a boxed text', Object('CANARY')],
    ['what converts itself', { toJSON: () => 'CANARY', toString: () => 'CANARY' }],
    ['an opaque value', new Opaque(canary)],
  ])('as a value is withheld: %s', (_what, value) => {
    expect(fieldsOf({ value }).value).toBe('[withheld]');
  });

  it('as a name or as an event is withheld', () => {
    expect(JSON.stringify(fieldsOf({ [canary]: 1 }))).not.toContain('CANARY');
    const { log, last } = logged();
    log.info(`x ${canary}`);
    log.error(`x ${canary}`, new Error(canary));
    expect(last().event).toBe('[withheld]');
  });

  it('cannot come in by any string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const seen = fieldsOf({ value }).value;
        expect(seen === '[withheld]' || (seen === value && /^[\w.:@/+-]{0,128}$/.test(value))).toBe(true);
      }),
      { seed: 1, numRuns: 1_000 },
    );
  });

  it('identifiers, ids, versions and paths of ours pass', () => {
    for (const value of [
      'sim/echo@eu',
      '0198c6b2-0000-7000-8000-000000000000',
      'v1.2+3',
      'apps/router/src/a.ts:7',
      '',
    ])
      expect(fieldsOf({ value }).value).toBe(value);
  });
});

describe('fields', () => {
  it('cannot take the place of what every line has', () => {
    const line = fieldsOf({
      level: 'error',
      service: 'audit',
      event: 'zdr.off',
      time: 'never',
      error: 'none',
    });
    expect(line).toMatchObject({ level: 'info', service: 'router', event: 'x' });
    expect('error' in line).toBe(false);
    expect(line.time).not.toBe('never');
  });
});
