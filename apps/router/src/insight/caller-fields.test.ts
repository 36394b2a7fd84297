import { describe, expect, it } from '@jest/globals';
import { isBoundedIdentifier } from '@lethe/contracts';
import fc from 'fast-check';
import { policyOf } from '../testing/policy-of.js';
import { type CallerWishes, keepCallerFields } from './caller-fields.js';
import { DistinctValues } from './distinct-values.js';

const wishes = (change: Partial<CallerWishes>): CallerWishes => ({
  tags: undefined,
  userId: undefined,
  traceId: undefined,
  extra: undefined,
  headerExtras: [],
  ...change,
});
const open = policyOf({}).org;
const zdr = policyOf({ zdr: true }).org;
const keep = (change: Partial<CallerWishes>, org = open) =>
  keepCallerFields(wishes(change), org, new DistinctValues());

describe('telemetry vocabulary', () => {
  it('keeps bounded values of an ordinary organization', () => {
    expect(
      keep({
        tags: ['team:blue', 'v1.2'],
        userId: 'u-1',
        traceId: 't-1',
        extra: { tier: 'gold', seats: 4 },
        headerExtras: [['country', 'ca']],
      }),
    ).toEqual({
      tags: ['team:blue', 'v1.2'],
      userId: 'u-1',
      traceId: 't-1',
      dropped: [],
      extras: [
        { key: 'tier', value: 'gold' },
        { key: 'seats', value: '4' },
        { key: 'country', value: 'ca' },
      ],
    });
  });

  it('drops and names by place what does not fit, and never quotes it', () => {
    const kept = keep({
      tags: ['ok', 'my secret plan', 7, 'x'.repeat(65)],
      userId: { a: 1 },
      traceId: 'a b',
      extra: { 'what I said': 'x', note: 'free text' },
    });
    expect(kept).toEqual({
      tags: ['ok'],
      userId: '',
      traceId: '',
      extras: [],
      dropped: ['tags.1', 'tags.2', 'tags.3', 'extra.0', 'extra.1', 'user_id', 'trace_id'],
    });
    expect(keep({ tags: 'one', extra: 'two' }).dropped).toEqual(['tags', 'extra']);
    expect(keep({ tags: Array(20).fill('a') })).toMatchObject({
      tags: Array(8).fill('a'),
      dropped: ['tags.more'],
    });
  });

  it('under ZDR keeps only registered keys, a trace id of its form, and a pseudonym', () => {
    const kept = keep(
      {
        tags: ['team:blue', 'team:green', 'free'],
        userId: 'alice',
        traceId: 'my-trace',
        extra: { team: 'red', tier: 'gold' },
      },
      zdr,
    );
    expect(kept).toMatchObject({
      tags: ['team:blue'],
      extras: [{ key: 'team', value: 'red' }],
      traceId: '',
      dropped: ['tags.1', 'tags.2', 'extra.1', 'trace_id'],
    });
    expect(kept.userId).toMatch(/^[0-9a-f]{32}$/);
    expect(keep({ userId: 'alice' }, { ...zdr, userPseudonymKey: Buffer.alloc(32, 1) }).userId).not.toBe(
      kept.userId,
    );
    expect(keep({ traceId: '0199A1B2-0000-7000-8000-000000000000' }, zdr).traceId).not.toBe('');
    expect(keep({ traceId: 'ab'.repeat(16) }, zdr).traceId).toBe('ab'.repeat(16));
  });

  it('caps how many different values a day can be spelled, and starts anew the next day', () => {
    let nowMs = 0;
    const distinct = new DistinctValues(() => nowMs);
    const few = { ...open, distinctValuesPerDayMax: 3 };
    const tag = (value: string) => keepCallerFields(wishes({ tags: [value] }), few, distinct).tags.length;
    expect(['a', 'b', 'c', 'd', 'a'].map(tag)).toEqual([1, 1, 1, 0, 1]);
    nowMs = 86_400_000;
    expect(tag('d')).toBe(1);
  });

  it('whatever is sent, only bounded identifiers come out', () => {
    const anything = fc.anything({ maxDepth: 2 });
    fc.assert(
      fc.property(
        anything,
        anything,
        anything,
        anything,
        fc.boolean(),
        (tags, userId, traceId, extra, strict) => {
          const kept = keep({ tags, userId, traceId, extra }, strict ? zdr : open);
          for (const value of [...kept.tags, ...kept.extras.flatMap((e) => [e.key, e.value])])
            expect(isBoundedIdentifier(value)).toBe(true);
          for (const value of [kept.userId, kept.traceId])
            expect(value === '' || isBoundedIdentifier(value)).toBe(true);
          expect(kept.tags.length <= 8 && kept.extras.length <= 8 && kept.dropped.length <= 24).toBe(true);
        },
      ),
      { seed: 11, numRuns: 500 },
    );
  });
});
