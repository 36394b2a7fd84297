import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { CoarseTimer } from './coarse-timer.js';

const due = (timer: CoarseTimer, afterMs: number): Promise<number> => {
  const begun = performance.now();
  return new Promise((resolve) => {
    timer.start(afterMs, () => resolve(performance.now() - begun));
  });
};

describe('CoarseTimer', () => {
  it('is never early and about two ticks late at most', async () => {
    const timer = new CoarseTimer(10);
    const waits = await Promise.all([0, 15, 40].map((ms) => due(timer, ms)));
    expect(waits[0]).toBeGreaterThanOrEqual(0);
    expect(waits[1]).toBeGreaterThanOrEqual(15);
    expect(waits[2]).toBeGreaterThanOrEqual(40);
    expect(timer.size).toBe(0);
  });

  it('calls nothing that was stopped, and later what was postponed', async () => {
    const timer = new CoarseTimer(5);
    const called: string[] = [];
    const stopped = timer.start(20, () => called.push('stopped'));
    const postponed = timer.start(20, () => called.push('postponed'));
    const resting = timer.start(20, () => called.push('resting'));
    stopped.stop();
    stopped.stop();
    postponed.postpone(80);
    resting.postpone(Number.POSITIVE_INFINITY);
    await due(timer, 40);
    expect(called).toEqual([]);
    await due(timer, 80);
    expect(called).toEqual(['postponed']);
    resting.stop();
    expect(timer.size).toBe(0);
  });

  it('forgives a standstill of the process', async () => {
    const timer = new CoarseTimer(5);
    const called: string[] = [];
    const deadline = timer.start(300, () => called.push('due'));
    await sleep(20);
    const until = performance.now() + 1_400;
    while (performance.now() < until) {
      // Holds the event loop, as a suspended process would.
    }
    await sleep(30);
    expect(called).toEqual([]);
    deadline.stop();
  });
});
