import { setTimeout as pause } from 'node:timers/promises';

/** Asks until the answer is true (or anything but undefined and false). Rejects after `withinMs`. */
export const waitFor = async <T>(
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  withinMs = 30_000,
  everyMs = 25,
): Promise<T> => {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadlineMs) throw new Error(`nothing came within ${withinMs} ms`);
    await pause(everyMs);
  }
};
