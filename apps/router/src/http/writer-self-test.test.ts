import { describe, expect, it } from '@jest/globals';
import { writesAsNodeDoes } from './writer-self-test.js';

describe('writesAsNodeDoes', () => {
  it('is true on this Node', async () => {
    expect(await writesAsNodeDoes()).toBe(true);
  });
});
