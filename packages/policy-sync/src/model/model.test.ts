import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { type SpinPrograms, spinPrograms } from '@lethe/test-servers';
import { searches } from './matrix.js';
import { runSearch } from './run-search.js';

const found = await spinPrograms();
const programs: SpinPrograms | undefined = 'unavailable' in found ? undefined : found;
const models = fileURLToPath(new URL('../../model/', import.meta.url));
const long = process.env.LETHE_LONG === '1';

describe('the models', () => {
  it('every mutation of the protocol and of the key fence has a search that must fail', () => {
    const failing = searches.filter(({ expected }) => expected === 'assertion violated');
    for (const mutation of ['NOLEASE', 'BADCLOCK', 'GRANTLATE', 'STALEGRANT', 'FORGET', 'NOFLUSH'])
      expect(failing.some(({ defines }) => defines.includes(`M_${mutation}`))).toBe(true);
    for (const mutation of ['NOLOCK', 'GHOST', 'LATEKEY', 'KEEPKEY', 'SEALLATE'])
      expect(failing.some(({ defines }) => defines.includes(`M_${mutation}`))).toBe(true);
  });

  for (const search of searches.filter(({ twoRouters }) => long || !twoRouters)) {
    it(`${search.name}: ${search.expected}`, async () => {
      if (programs === undefined) return;
      const finding = await runSearch(search, programs, models);
      expect([search.name, finding.verdict]).toEqual([search.name, search.expected]);
    }, 1_000_000);
  }
});
