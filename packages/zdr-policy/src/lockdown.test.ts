import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  decideLoggingChange,
  decideZdrEnable,
  type LoggingChange,
  newKeyLogging,
  type ZdrEnable,
} from './index.js';

const ALLOWED = {
  actor: 'admin',
  ownsKey: true,
  allowLoggingChange: true,
  zdr: false,
  field: 'logging',
  from: false,
  to: true,
} as const;

const anyChange: fc.Arbitrary<LoggingChange> = fc.record({
  actor: fc.constantFrom('admin', 'group_admin', 'member', 'auditor'),
  ownsKey: fc.boolean(),
  allowLoggingChange: fc.boolean(),
  zdr: fc.boolean(),
  field: fc.constantFrom('logging', 'debug'),
  from: fc.boolean(),
  to: fc.boolean(),
});

describe('decideLoggingChange', () => {
  it('allows an admin to switch a key on without ZDR', () => {
    expect(decideLoggingChange(ALLOWED)).toBe('allowed');
  });

  it('allows no more when an input is tightened', () => {
    fc.assert(
      fc.property(anyChange, fc.constantFrom('zdr', 'disallowed', 'foreign', 'auditor'), (change, how) => {
        const tighter: LoggingChange = {
          ...change,
          ...(how === 'zdr' && { zdr: true }),
          ...(how === 'disallowed' && { allowLoggingChange: false }),
          ...(how === 'foreign' && { ownsKey: false }),
          ...(how === 'auditor' && { actor: 'auditor' as const }),
        };
        if (decideLoggingChange(change) !== 'allowed') {
          expect(decideLoggingChange(tighter)).not.toBe('allowed');
        }
      }),
    );
  });

  it.each(Object.keys(ALLOWED))(
    'permits nothing when %s is missing, inherited or of another type',
    (field) => {
      const { [field as 'actor']: value, ...rest } = ALLOWED;
      const nothingOf = (input: unknown) =>
        expect(decideLoggingChange(input as LoggingChange)).toBe('not_permitted');
      nothingOf(rest);
      nothingOf(Object.assign(Object.create({ [field]: value }), rest));
      fc.assert(
        fc.property(fc.anything(), (garbage) => {
          fc.pre(typeof garbage !== 'boolean' && !['admin', 'logging', 'debug'].includes(garbage as string));
          fc.pre(!['member', 'group_admin'].includes(garbage as string));
          nothingOf({ ...ALLOWED, [field]: garbage });
        }),
      );
      expect(decideLoggingChange({ ...rest, [field]: value } as LoggingChange)).toBe('allowed');
    },
  );

  it('permits nothing on what is no change at all', () => {
    fc.assert(
      fc.property(fc.anything(), (input) => {
        expect(decideLoggingChange(input as LoggingChange)).toBe('not_permitted');
      }),
    );
  });
});

describe('newKeyLogging', () => {
  it('is on only for exactly the permissive values', () => {
    expect(newKeyLogging({ zdr: false, defaultLogging: true })).toBe(true);
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (zdr, defaultLogging) => {
        fc.pre(zdr !== false || defaultLogging !== true);
        expect(newKeyLogging({ zdr, defaultLogging } as { zdr: boolean; defaultLogging: boolean })).toBe(
          false,
        );
      }),
    );
    for (const input of [undefined, null, {}, { defaultLogging: true }, { zdr: false }]) {
      expect(newKeyLogging(input as unknown as { zdr: boolean; defaultLogging: boolean })).toBe(false);
    }
  });
});

describe('decideZdrEnable', () => {
  it('tells a non-admin nothing about the confirmation', () => {
    expect(decideZdrEnable({ actor: 'member', confirmation: 'wrong', slug: 'acme' })).toBe('not_permitted');
  });

  it('takes the exact slug and no other confirmation', () => {
    expect(decideZdrEnable({ actor: 'admin', confirmation: 'acme', slug: 'acme' })).toBe('allowed');
    for (const confirmation of ['', 'ACME', 'acme ', 'acm', undefined, null, true, ['acme']]) {
      const wish = { actor: 'admin', confirmation, slug: 'acme' } as ZdrEnable;
      expect(decideZdrEnable(wish)).toBe('confirmation_mismatch');
    }
  });

  it('never matches a slug that is none', () => {
    for (const slug of ['', undefined, null, 7, true]) {
      const wish = { actor: 'admin', confirmation: slug, slug } as unknown as ZdrEnable;
      expect(decideZdrEnable(wish)).toBe('confirmation_mismatch');
    }
    expect(decideZdrEnable(undefined as unknown as ZdrEnable)).toBe('not_permitted');
  });
});
