import { format, inspect } from 'node:util';
import { serialize } from 'node:v8';
import { describe, expect, it } from '@jest/globals';
import { Opaque } from './opaque.js';

const canary = 'CANARY-7f1f';
const secret = new Opaque(canary);

class Plain {
  readonly value = canary;
  toString(): string {
    return this.value;
  }
}

/** Every way from a value to text or bytes that we know of. */
const printers: Readonly<Record<string, (value: object) => unknown>> = {
  'String()': (value) => String(value),
  template: (value) => `${value}`,
  concatenation: (value) => `${value as unknown as string}`.concat('', value as unknown as string),
  'JSON.stringify': (value) => JSON.stringify(value),
  'JSON.stringify of a parent': (value) => JSON.stringify({ list: [value] }, null, 2),
  inspect: (value) => inspect(value),
  'inspect, all of it': (value) => inspect(value, { showHidden: true, depth: null, getters: true }),
  'inspect past its own printer': (value) =>
    inspect(value, { showHidden: true, depth: null, customInspect: false, showProxy: true }),
  'format %s': (value) => format('%s', value),
  'format %o': (value) => format('%o', value),
  'format %O': (value) => format('%O %j', value, value),
  spread: (value) => inspect({ ...value }, { showHidden: true }),
  'Object.assign': (value) => inspect(Object.assign({}, value), { showHidden: true }),
  'own names': (value) => Reflect.ownKeys(value).map((key) => inspect(Reflect.get(value, key))),
  descriptors: (value) => inspect(Object.getOwnPropertyDescriptors(value), { showHidden: true, depth: 9 }),
  structuredClone: (value) => inspect(structuredClone(value), { showHidden: true }),
  serialize: (value) => serialize(value).toString('latin1'),
  'cause of an error': (value) =>
    inspect(new Error('x', { cause: value }), { showHidden: true, depth: null }),
  'property of an error': (value) => inspect(Object.assign(new Error('x'), { value }), { depth: null }),
  'message of an error': (value) => new Error(String(value)).stack,
  map: (value) => inspect(new Map([[value, value]]), { showHidden: true, depth: null }),
  number: (value) => Number(value),
  date: (value) => String(new Date(value as unknown as string)),
  locale: (value) => value.toLocaleString(),
};

describe('an opaque value', () => {
  it.each(Object.keys(printers))('cannot be printed by %s', (name) => {
    const print = printers[name] as (value: object) => unknown;
    expect(String(print(secret))).not.toContain(canary);
    // The same way prints what is not opaque; a text is no number and no date.
    if (!['number', 'date'].includes(name)) expect(String(print(new Plain()))).toContain(canary);
  });

  it('shows a constant where it shows anything', () => {
    expect([`${secret}`, JSON.stringify({ secret }), inspect({ secret })]).toEqual([
      '[opaque]',
      '{"secret":"[opaque]"}',
      '{ secret: [opaque] }',
    ]);
  });

  it('is opened in one way, and cannot be changed', () => {
    expect(secret.reveal()).toBe(canary);
    expect(Object.isFrozen(secret)).toBe(true);
    const bytes = Buffer.from(canary);
    expect(new Opaque(bytes).reveal()).toBe(bytes);
    expect(() => Opaque.prototype.reveal.call({} as Opaque<string>)).toThrow(TypeError);
    const clone = structuredClone(secret) as Partial<Opaque<string>>;
    expect(clone.reveal).toBeUndefined();
  });

  it('does not print a whole structure that holds it', () => {
    const account = { name: 'sim', credential: secret, list: [new Opaque({ deep: canary })] };
    const shown = inspect(account, { showHidden: true, depth: null }) + JSON.stringify(account);
    expect(shown).not.toContain(canary);
    expect(shown).toContain('sim');
  });
});
