import { describe, expect, it } from '@jest/globals';
import { backoffMs, Waiting, within } from './waiting.js';

describe('waiting', () => {
  it('waits longer after each failure, up to five seconds', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 1_000].map(backoffMs)).toEqual([
      200, 400, 800, 1600, 3200, 5000, 5000, 5000,
    ]);
  });

  it('ends a wait at once when woken, before or during it', async () => {
    const waiting = new Waiting();
    const first = waiting.wait(1_000_000);
    waiting.wake();
    await first;
    waiting.wake();
    await waiting.wait(1_000_000);
    const woken = await within(
      20,
      waiting.wait(1_000_000).then(() => 'woken'),
    );
    expect(woken).toBeUndefined();
    waiting.wake();
  });

  it('gives up on a promise in time and swallows what comes late', async () => {
    let fail = (): void => undefined;
    const late = new Promise((_, reject) => {
      fail = () => reject(new Error('late'));
    });
    expect(await within(10, late)).toBeUndefined();
    fail();
    expect(await within(1_000, Promise.resolve('early'))).toBe('early');
    await expect(within(1_000, Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  });
});
