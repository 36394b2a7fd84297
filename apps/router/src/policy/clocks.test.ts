import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { readingOf, systemClocks } from './clocks.js';

describe('the clocks of the system', () => {
  it('both go on; the one that is dear to read stands still within a turn of the event loop only', async () => {
    const { hrtimeMs, uptimeMs } = systemClocks;
    const [monotonic, uptime] = [hrtimeMs(), uptimeMs()];
    while (hrtimeMs() < monotonic + 30);
    expect(uptimeMs()).toBe(uptime);
    await nextTurn();
    const later = uptimeMs();
    // The kernel tells it in hundredths of a second.
    expect(later - uptime).toBeGreaterThanOrEqual(10);
    expect(later - uptime).toBeLessThan(60_000);
  });

  it('are read together, the first in nanoseconds', () => {
    expect(readingOf({ hrtimeMs: () => 12.5, uptimeMs: () => 99.25 })).toEqual({
      hrtimeNs: 12_500_000n,
      uptimeMs: 99.25,
    });
  });
});
