import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { awkward, canary, credentialCanary } from './canary.js';
import { encodedForms } from './needles.js';
import { Searcher } from './searcher.js';

const planted = canary('somewhere');
const searcher = new Searcher([planted, canary('elsewhere')]);
const noise = (): Buffer => randomBytes(5_003);
const placesIn = (bytes: Buffer): string[] => [
  ...new Set(searcher.search(bytes).map((hit) => hit.canary.place)),
];

describe('Searcher', () => {
  it.each(encodedForms(planted).map(({ encoding, bytes }) => [encoding, bytes] as const))(
    'finds a canary written as %s',
    (_encoding, bytes) => {
      expect(placesIn(Buffer.concat([noise(), Buffer.from('§'), bytes, Buffer.from('§'), noise()]))).toEqual([
        'somewhere',
      ]);
    },
  );

  it('finds it at the very beginning and the very end', () => {
    const text = Buffer.from(planted.text);
    expect(placesIn(Buffer.concat([text, noise()]))).toEqual(['somewhere']);
    expect(placesIn(Buffer.concat([noise(), text]))).toEqual(['somewhere']);
  });

  it('finds it between characters that JSON escapes, however often', () => {
    let text = awkward(planted);
    for (let times = 0; times < 4; times += 1) {
      expect(placesIn(Buffer.from(text))).toEqual(['somewhere']);
      text = JSON.stringify(text);
    }
  });

  it('finds every run of eight characters of the core that stands by itself', () => {
    for (let start = 0; start + 8 <= planted.core.length; start += 1) {
      const run = planted.core.slice(start, start + 8);
      expect([run, placesIn(Buffer.from(`token "${run}"... is not valid`))]).toEqual([run, ['somewhere']]);
    }
  });

  it('among thousands of canaries takes a run of eight for chance, and one of ten for a leak', () => {
    const many = new Searcher([planted, ...Array.from({ length: 1_000 }, (_, index) => canary(`${index}`))]);
    const hitsIn = (characters: number): string[] =>
      many
        .search(Buffer.from(`token "${planted.core.slice(3, 3 + characters)}"`))
        .map((hit) => hit.canary.place);
    expect([hitsIn(9), hitsIn(10)]).toEqual([[], ['somewhere']]);
  });

  it('takes a run of eight within another id for chance, and one of twelve for a leak', () => {
    const hex = planted.core.slice(24);
    const other = `${randomUUID().slice(0, 24)}${hex.slice(0, 8)}${hex[8] === '0' ? '1' : '0'}fff`;
    expect(placesIn(Buffer.from(other))).toEqual([]);
    expect(placesIn(Buffer.from(`abc${hex}abc`))).toEqual(['somewhere']);
  });

  it('is silent about other ids and noise', () => {
    const ids = Array.from({ length: 20_000 }, () => randomUUID()).join('\n');
    expect(searcher.search(Buffer.concat([Buffer.from(ids), randomBytes(4_000_000)]))).toEqual([]);
  });

  it('looks for credentials whole', () => {
    const secrets = new Searcher([credentialCanary('key', 'sk-lethe-0123456789abcdef0123456789')]);
    expect(secrets.search(Buffer.from('Bearer sk-lethe-0123456789abcdef0123456789')).length).toBeGreaterThan(
      0,
    );
    expect(secrets.search(Buffer.from('sk-lethe-0123456789abcdef'))).toEqual([]);
  });
});
