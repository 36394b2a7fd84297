import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { newUuidV7, type OrgId } from '@lethe/contracts';
import { DistinctValues } from './distinct-values.js';

const [orgId, other] = [newUuidV7() as OrgId, newUuidV7() as OrgId];
const dayMs = 24 * 60 * 60 * 1000;

describe('distinct values', () => {
  it('are admitted up to the cap of a day; what was seen stays admitted', () => {
    const distinct = new DistinctValues(() => 0);
    const admits = (value: string): boolean => distinct.admits(orgId, 'tag', value, 3);
    expect(['a', 'b', 'a', 'c', 'd', 'a', 'b', 'c', 'd', 'e'].map(admits)).toEqual([
      true,
      true,
      true,
      true,
      false,
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  it('are counted by what they are: the same text as a tag and as a user id is two', () => {
    const distinct = new DistinctValues(() => 0);
    expect(distinct.admits(orgId, 'tag', 'a', 2)).toBe(true);
    expect(distinct.admits(orgId, 'user_id', 'a', 2)).toBe(true);
    expect(distinct.admits(orgId, 'extra', 'a', 2)).toBe(false);
    expect(distinct.admits(orgId, 'tag', 'a', 2)).toBe(true);
    // The kind ends where the value begins.
    const joined = new DistinctValues(() => 0);
    expect([joined.admits(orgId, 'ab', 'c', 1), joined.admits(orgId, 'a', 'bc', 1)]).toEqual([true, false]);
  });

  it('of one organization take nothing from another', () => {
    const distinct = new DistinctValues(() => 0);
    expect(distinct.admits(orgId, 'tag', 'a', 1)).toBe(true);
    expect(distinct.admits(orgId, 'tag', 'b', 1)).toBe(false);
    expect(distinct.admits(other, 'tag', 'b', 1)).toBe(true);
    expect(distinct.admits(orgId, 'tag', 'b', 0)).toBe(false);
  });

  it('begin anew each day', () => {
    let nowMs = dayMs - 1;
    const distinct = new DistinctValues(() => nowMs);
    expect(distinct.admits(orgId, 'tag', 'a', 1)).toBe(true);
    expect(distinct.admits(orgId, 'tag', 'b', 1)).toBe(false);
    nowMs = dayMs;
    expect(distinct.admits(orgId, 'tag', 'b', 1)).toBe(true);
    expect(distinct.admits(orgId, 'tag', 'a', 1)).toBe(false);
  });

  it('have a bound over all organizations, which a new day frees again', () => {
    let nowMs = 0;
    const distinct = new DistinctValues(() => nowMs, 3);
    expect(['a', 'b'].map((value) => distinct.admits(orgId, 'tag', value, 10))).toEqual([true, true]);
    expect(['a', 'b'].map((value) => distinct.admits(other, 'tag', value, 10))).toEqual([true, false]);
    expect(distinct.admits(orgId, 'tag', 'a', 10)).toBe(true);
    nowMs = dayMs;
    expect(distinct.admits(other, 'tag', 'b', 10)).toBe(true);
  });

  it('have a bound on organizations', () => {
    const distinct = new DistinctValues(() => 0);
    const orgs = Array.from({ length: 10_000 }, () => newUuidV7() as OrgId);
    expect(orgs.every((id) => distinct.admits(id, 'tag', 'a', 1))).toBe(true);
    expect(distinct.admits(newUuidV7() as OrgId, 'tag', 'a', 1)).toBe(false);
  });

  it('are not kept as they were written', () => {
    const distinct = new DistinctValues(() => 0);
    distinct.admits(orgId, 'tag', 'CANARY-7f1f', 10);
    expect(inspect(distinct, { showHidden: true, depth: 9 })).not.toContain('CANARY');
  });
});
