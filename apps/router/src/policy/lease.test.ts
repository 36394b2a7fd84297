import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Lease, systemClocks } from './lease.js';

const clocks = () => {
  const now = { hrtime: 0, uptime: 0 };
  const lease = new Lease({ hrtimeMs: () => now.hrtime, uptimeMs: () => now.uptime });
  const pass = (ms: number): void => {
    now.hrtime += ms;
    now.uptime += ms;
  };
  return { now, lease, pass };
};

describe('lease', () => {
  it('is closed until a grant and counts its term from the moment the renewal was sent', () => {
    const { lease, pass } = clocks();
    expect(lease.open()).toBe(false);
    const nonce = lease.renewing();
    pass(5000);
    lease.granted(nonce, 10_000);
    pass(3499);
    expect(lease.open()).toBe(true);
    pass(1);
    expect(lease.open()).toBe(false);
  });

  it('R3: runs out when either clock says so; the one that counts suspended time is enough', () => {
    const { lease, now } = clocks();
    lease.granted(lease.renewing(), 10_000);
    expect(lease.open()).toBe(true);
    now.uptime += 60_000;
    expect(lease.open()).toBe(false);
  });

  it('ignores a grant nobody asked for, one that is used twice, and one from before a close', () => {
    const { lease, pass } = clocks();
    lease.granted(7n, 10_000);
    expect(lease.open()).toBe(false);
    const nonce = lease.renewing();
    lease.close();
    lease.granted(nonce, 10_000);
    expect(lease.open()).toBe(false);
    const fresh = lease.renewing();
    lease.granted(fresh, 1000);
    pass(900);
    lease.granted(fresh, 10_000);
    expect(lease.open()).toBe(false);
  });
});

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
});
