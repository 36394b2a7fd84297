import { describe, expect, it } from '@jest/globals';
import { Problem } from '../problem.js';
import { hotPlaces } from './profile.js';
import { decodeProfile } from './profile-codec.js';

const frame = (functionName: string, url: string) => ({ functionName, url, lineNumber: 4 });
const text = JSON.stringify({
  nodes: [
    { id: 1, callFrame: frame('(idle)', '') },
    { id: 2, callFrame: frame('scan', 'file:///somewhere/packages/json-scanner/dist/index.js') },
    { id: 3, callFrame: frame('other', 'file:///somewhere/packages/json-scanner/dist/index.js') },
    { id: 4, callFrame: frame('(garbage collector)', '') },
  ],
  samples: [1, 2, 3, 4, 2],
  timeDeltas: [1000, 30, 10, 20, 40],
});

describe('hotPlaces', () => {
  it('are functions by the share of the time in which anything was done', () => {
    expect(hotPlaces(decodeProfile(text), 'function', 2)).toEqual([
      { place: 'scan packages/json-scanner/dist/index.js:5', share: 0.7 },
      { place: '(garbage collector) :5', share: 0.2 },
    ]);
  });

  it('are files', () => {
    expect(hotPlaces(decodeProfile(text), 'file', 9)).toEqual([
      { place: 'packages/json-scanner/dist/index.js', share: 0.8 },
      { place: '(garbage collector)', share: 0.2 },
    ]);
  });

  it.each(['{', '{}'])('are not read from %p', (broken) => {
    expect(() => decodeProfile(broken)).toThrow(Problem);
  });
});
