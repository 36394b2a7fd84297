import { describe, expect, it } from '@jest/globals';
import { Problem } from './problem.js';
import { readSettings } from './settings.js';

const known = { cells: ['a', 'b', 'c'], peers: ['p', 'q'] };

describe('readSettings', () => {
  it('measures everything beside everybody unless told otherwise', () => {
    expect(readSettings([], known)).toEqual({ ...known, quick: false, first: false });
  });

  it('keeps the order of the cells whatever the order on the command line', () => {
    const settings = readSettings(['--cells', 'c,a', '--peers', 'q', '--quick', '--json', 'out.json'], known);
    expect(settings).toMatchObject({ cells: ['a', 'c'], peers: ['q'], quick: true, json: 'out.json' });
  });

  it('measures without peers', () => {
    expect(readSettings(['--peers', ''], known).peers).toEqual([]);
  });

  it.each([
    ['an unknown cell', ['--cells', 'a,x']],
    ['an unknown peer', ['--peers', 'x']],
    ['an unknown option', ['--fast']],
    ['a word too many', ['a']],
  ])('refuses %s', (_, args) => {
    expect(() => readSettings(args, known)).toThrow(Problem);
  });
});
