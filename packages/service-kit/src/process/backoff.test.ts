import { describe, expect, it } from '@jest/globals';
import { Backoff } from './backoff.js';

const never = new AbortController().signal;
const pauseMs = async (backoff: Backoff, livedMs: number): Promise<number> => {
  const sinceMs = performance.now();
  await backoff.pause(livedMs, never);
  return performance.now() - sinceMs;
};

describe('the pauses before new attempts', () => {
  it('grow while attempts fail at once, and begin again after one that held', async () => {
    const backoff = new Backoff();
    expect(await pauseMs(backoff, 0)).toBeGreaterThanOrEqual(95);
    expect(await pauseMs(backoff, 0)).toBeGreaterThanOrEqual(190);
    const afterThree = await pauseMs(backoff, 0);
    expect(afterThree).toBeGreaterThanOrEqual(380);
    expect(await pauseMs(backoff, 10_000)).toBeLessThan(afterThree);
  });

  it('end at once when they are called off', async () => {
    const backoff = new Backoff();
    const off = AbortSignal.abort();
    const sinceMs = performance.now();
    for (let attempt = 0; attempt < 20; attempt += 1) await backoff.pause(0, off);
    expect(performance.now() - sinceMs).toBeLessThan(1_000);
  });
});
