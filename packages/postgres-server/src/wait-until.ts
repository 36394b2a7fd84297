import { setTimeout as delay } from 'node:timers/promises';

/** Polls a condition every 10 ms; resolves to whether it held within the time. */
export async function waitUntil(holds: () => boolean, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!holds()) {
    if (performance.now() >= deadline) return false;
    await delay(10);
  }
  return true;
}
