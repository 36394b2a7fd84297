import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { errorCodes } from '@lethe/contracts';
import fc from 'fast-check';
import { errorFacts, LetheError } from './errors.js';

const canary = 'CANARY-7f1f';
const shown = (thrown: unknown): string => JSON.stringify(errorFacts(thrown));
const thrownBy = (action: () => unknown): Error => {
  try {
    action();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
};

describe('an error of the house', () => {
  it('has a closed code, its constant message, and a field of ours', () => {
    const error = new LetheError('caller.invalid_type', 'messages', { offset: 7 });
    expect(error).toMatchObject({
      name: 'LetheError',
      code: 'caller.invalid_type',
      param: 'messages',
      fields: { offset: 7 },
      message: errorCodes['caller.invalid_type'].message,
    });
    expect(error.cause).toBeUndefined();
    expect(errorFacts(error)).toEqual({ name: 'LetheError', code: 'caller.invalid_type', frames: [] });
    expect(new LetheError('caller.empty_body').param).toBeNull();
  });
});

describe('facts of an error', () => {
  it('are its name, its code, and where it was thrown', () => {
    const error = Object.assign(new TypeError(`bad ${canary}`), { code: 'ERR_X_1' });
    const facts = errorFacts(error);
    expect(facts).toMatchObject({ name: 'TypeError', code: 'ERR_X_1' });
    expect(facts.frames[0]).toMatch(/^packages\/service-kit\/src\/safe\/errors\.test\.ts:\d+$/);
    expect(facts.frames.length).toBeLessThanOrEqual(8);
  });

  it.each<[string, unknown]>([
    ['a message', new Error(canary)],
    ['a parser that quotes', thrownBy(() => JSON.parse(`{"a":${canary}`))],
    ['a URL', thrownBy(() => new URL(`${canary}://[`))],
    ['a cause', new Error('x', { cause: new Error(canary) })],
    ['many errors', new AggregateError([new Error(canary)], canary)],
    [
      'own properties',
      Object.assign(new Error('x'), { query: canary, parameters: [canary], detail: canary }),
    ],
    ['a code that is none', Object.assign(new Error('x'), { code: canary })],
    ['a code that is an object', Object.assign(new Error('x'), { code: { canary } })],
    ['a name that is none', Object.assign(new Error('x'), { name: `Error ${canary}` })],
    ['a message that looks like frames', new Error(`x\n    at f (/apps/${canary}.ts:1:1)`)],
    [
      'a message of frames alone',
      new Error(`\n    at f (/apps/${canary}.ts:1:1)\n    at /packages/${canary}.ts:1:1`),
    ],
    ['a text', canary],
    ['an object', { message: canary, stack: canary, name: canary }],
  ])('say nothing of %s', (_what, thrown) => {
    expect(inspect(thrown, { depth: null })).toContain(canary); // It is there to be found.
    expect(shown(thrown)).not.toContain(canary);
  });

  it('say nothing of a message that was changed later: its frames cannot be told from it any more', () => {
    for (const message of ['', 'other', 'x\n    at g (/apps/a.ts:1:1)']) {
      const error = new Error(`x\n    at f (/apps/${canary}.ts:1:1)`);
      expect(error.stack).toContain(canary);
      error.message = message;
      expect(shown(error)).not.toContain(canary);
    }
  });

  it('say nothing of what a library wrote behind the frames', () => {
    const error = new Error('x');
    error.stack += `\nfor call at ${canary}\n    at f (/apps/${canary}.ts:1:1)`;
    expect(shown(error)).not.toContain(canary);
    expect(errorFacts(error).frames.length).toBeGreaterThan(0);
  });

  it('keep a path of the repository and nothing in front of it, no function and no column', () => {
    const error = new Error('x');
    error.stack = [
      'Error: x',
      `    at ${canary} (file:///home/${canary}/apps/router/dist/main.js:12:34)`,
      `    at /home/${canary}/node_modules/@grpc/grpc-js/build/a.js:5:6`,
      '    at new Promise (<anonymous>)',
      '    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)',
      `    at async Object.f (/x/packages/contracts/src/${canary} b.ts:7:8)`,
      '    at async /x/packages/contracts/src/c.ts:9:1',
    ].join('\n');
    expect(errorFacts(error).frames).toEqual([
      'apps/router/dist/main.js:12',
      'node_modules/@grpc/grpc-js/build/a.js:5',
      'packages/contracts/src/c.ts:9',
    ]);
  });

  it('take numbers and codes of systems as they are', () => {
    for (const [code, expected] of [
      [14, '14'],
      ['ECONNRESET', 'ECONNRESET'],
      ['22P02', '22P02'],
      ['has space', ''],
      [undefined, ''],
      ['x'.repeat(50), ''],
    ] as const)
      expect(errorFacts(Object.assign(new Error('x'), { code })).code).toBe(expected);
  });

  it('of what is no error are its kind', () => {
    expect(errorFacts(undefined)).toEqual({ name: 'NonError', code: 'undefined', frames: [] });
    expect(errorFacts(7n)).toEqual({ name: 'NonError', code: 'bigint', frames: [] });
    expect(errorFacts(null)).toEqual({ name: 'NonError', code: 'object', frames: [] });
  });

  it('can be had of everything: it never throws', () => {
    const throwing = (): never => {
      throw new Error(canary);
    };
    const revoked = Proxy.revocable(new Error('x'), {});
    revoked.revoke();
    const odd: unknown[] = [
      revoked.proxy,
      new Proxy(new Error('x'), { get: throwing, has: throwing }),
      Object.defineProperty(new Error('x'), 'stack', { get: throwing }),
      Object.assign(new Error('x'), { stack: 42 }),
      Object.assign(new Error('x'), { stack: undefined }),
      Object.assign(new Error('x'), { name: Symbol(canary) }),
      Object.assign(new Error('x'), { message: { toString: throwing } }),
      Object.create(Error.prototype, { code: { get: throwing } }),
    ];
    for (const thrown of odd) expect(shown(thrown)).not.toContain(canary);
  });

  it('hold nothing of any message, however it is made', () => {
    const part = fc.constantFrom(
      '\n',
      '    at ',
      'apps/',
      '/packages/',
      ':1:1',
      ')',
      '(',
      'Error: ',
      canary,
      ' ',
      '',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        expect(shown(new Error(parts.join('')))).not.toContain(canary);
      }),
      { seed: 2, numRuns: 2_000 },
    );
  });
});
