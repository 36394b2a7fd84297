import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { propertyRuns } from '../testing/property-runs.js';
import { TestLog } from '../testing/test-log.js';
import { newEntryBundles, newTiles, sizeHasTile, tilesOfSize } from './coverage.js';
import { encodeEntryBundle, encodeTile, tileNodes } from './tile-bytes.js';
import { parseTilePath, type TileId, tilePath } from './tile-path.js';

const level = fc.oneof(fc.integer({ min: 0, max: 63 }), fc.constant('entries' as const));
const tile: fc.Arbitrary<TileId> = fc.record({
  level,
  index: fc.oneof(fc.nat(2_000), fc.nat(3_000_000), fc.maxSafeNat()),
  width: fc.integer({ min: 1, max: 256 }),
});

describe('tile paths', () => {
  it.each<[string, TileId]>([
    ['tile/0/000', { level: 0, index: 0, width: 256 }],
    ['tile/0/273.p/112', { level: 0, index: 273, width: 112 }],
    ['tile/1/x001/x234/067', { level: 1, index: 1_234_067, width: 256 }],
    ['tile/entries/x001/000.p/1', { level: 'entries', index: 1_000, width: 1 }],
    ['tile/63/999.p/255', { level: 63, index: 999, width: 255 }],
  ])('%s', (path, parts) => {
    expect(tilePath(parts)).toBe(path);
    expect(parseTilePath(path)).toEqual(parts);
  });

  it('of any tile are read back', () => {
    fc.assert(
      fc.property(tile, (parts) => expect(parseTilePath(tilePath(parts))).toEqual(parts)),
      propertyRuns(300),
    );
  });

  it.each([
    '/tile/0/000',
    'tile/00/000',
    'tile/64/000',
    'tile/-1/000',
    'tile/0/0',
    'tile/0/0000',
    'tile/0/x000/001',
    'tile/0/001/002',
    'tile/0/x001',
    'tile/0/x001/x002',
    'tile/0/000.p/0',
    'tile/0/000.p/00',
    'tile/0/000.p/01',
    'tile/0/000.p/256',
    'tile/0/000.p/999',
    'tile/0/000.p/',
    'tile/0/000.p/1/',
    'tile/0/000/',
    'tile/0/000\n',
    'tile/0/000 ',
    'tile/0/٠٠٠',
    'tile/8/0/000',
    'tile/data/000',
    'tile/Entries/000',
    'tile/0/../../checkpoint',
    'tile/0/x999/x999/x999/x999/x999/999',
    '',
    `tile/0/${'x001/'.repeat(10_000)}000`,
  ])('refuses %j', (path) => {
    expect(parseTilePath(path)).toBeUndefined();
  });

  it('are not made for what is no tile', () => {
    for (const parts of [
      { level: 64, index: 0, width: 1 },
      { level: 0, index: -1, width: 1 },
      { level: 0, index: 0, width: 0 },
      { level: 0, index: 0, width: 257 },
      { level: 0.5, index: 0, width: 1 },
    ])
      expect(() => tilePath(parts)).toThrow('tile_invalid');
  });
});

describe('the tiles of a tree', () => {
  it('of 70,000 leaves are those the format names', () => {
    const tiles = [...tilesOfSize(70_000)];
    const count = (atLevel: number, full: boolean): number =>
      tiles.filter((one) => one.level === atLevel && (one.width === 256) === full).length;
    expect([
      count(0, true),
      count(0, false),
      count(1, true),
      count(1, false),
      count(2, true),
      count(2, false),
    ]).toEqual([273, 1, 1, 1, 0, 1]);
    expect(tiles.filter(({ width }) => width < 256).map(tilePath)).toEqual([
      'tile/0/273.p/112',
      'tile/1/001.p/17',
      'tile/2/000.p/1',
    ]);
    expect([...tilesOfSize(256)].map(tilePath)).toEqual(['tile/0/000', 'tile/1/000.p/1']);
    expect([...tilesOfSize(0)]).toEqual([]);
  });

  it('that are new are those the older tree had not', () => {
    const sizes = fc
      .tuple(fc.nat(70_000), fc.nat(70_000))
      .map(([a, b]) => (a < b ? ([a, b] as const) : ([b, a] as const)));
    fc.assert(
      fc.property(sizes, ([before, after]) => {
        const old = new Set([...tilesOfSize(before)].map(tilePath));
        const expected = [...tilesOfSize(after)].map(tilePath).filter((path) => !old.has(path));
        expect([...newTiles(before, after)].map(tilePath)).toEqual(expected);
        const leaves = [...newTiles(before, after)].filter((one) => one.level === 0);
        expect([...newEntryBundles(before, after)]).toEqual(
          leaves.map((one) => ({ ...one, level: 'entries' })),
        );
      }),
      propertyRuns(40),
    );
  });

  it('are told from those it has not', () => {
    expect(sizeHasTile({ level: 0, index: 273, width: 112 }, 70_000)).toBe(true);
    expect(sizeHasTile({ level: 0, index: 273, width: 113 }, 70_000)).toBe(false);
    expect(sizeHasTile({ level: 2, index: 0, width: 1 }, 65_535)).toBe(false);
    expect(sizeHasTile({ level: 2, index: 0, width: 1 }, 65_536)).toBe(true);
    expect(sizeHasTile({ level: 'entries', index: 0, width: 256 }, 255)).toBe(false);
    expect(sizeHasTile({ level: 63, index: 0, width: 1 }, Number.MAX_SAFE_INTEGER)).toBe(false);
  });

  it('hold the hashes of every eighth level', () => {
    const log = TestLog.decimal(600);
    expect(tileNodes({ level: 1, index: 0, width: 2 })).toEqual({ level: 8, firstIndex: 0, count: 2 });
    expect(log.files.get('tile/1/000.p/2')).toEqual(
      Buffer.concat([log.nodes.get('8/0') as Buffer, log.nodes.get('8/1') as Buffer]),
    );
    expect(log.files.get('tile/0/002.p/88')).toHaveLength(88 * 32);
  });
});

describe('tile bytes', () => {
  it('put each entry behind its length', () => {
    const bundle = encodeEntryBundle([Buffer.from('ab'), Buffer.alloc(0), Buffer.alloc(65_535, 1)]);
    expect(bundle.subarray(0, 8).toString('hex')).toBe('000261620000ffff');
    expect(bundle).toHaveLength(2 + 2 + 2 + 2 + 65_535);
  });

  it('refuse what no tile holds', () => {
    const hash = Buffer.alloc(32);
    expect(() => encodeTile([])).toThrow('tile_invalid');
    expect(() => encodeTile(Array.from({ length: 257 }, () => hash))).toThrow('tile_invalid');
    expect(() => encodeTile([hash.subarray(1)])).toThrow('hash_invalid');
    expect(() => encodeEntryBundle([])).toThrow('tile_invalid');
    expect(() => encodeEntryBundle(Array.from({ length: 257 }, () => hash))).toThrow('tile_invalid');
    expect(() => encodeEntryBundle([Buffer.alloc(65_536)])).toThrow('entry_too_long');
  });
});
