import { setTimeout as pause } from 'node:timers/promises';
import { Problem } from '../../terminal/problem.js';

const patienceMs = 30_000;
const askEveryMs = 25;

const statusOf = async (url: string, key: string): Promise<number> => {
  try {
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${key}` },
      signal: AbortSignal.timeout(2_000),
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
};

/** Waits until the router serves each key. Rejects with Problem after 30 s; resolves to nothing when `signal` fires. */
export const awaitRouter = async (
  routerUrl: string,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<void> => {
  const deadlineMs = performance.now() + patienceMs;
  for (const key of keys) {
    while (!signal.aborted && (await statusOf(`${routerUrl}/v1/models`, key)) !== 200) {
      if (performance.now() > deadlineMs)
        throw new Problem(
          'The router does not serve the demo keys.',
          'Its log and the one of admin-config say why.',
        );
      await pause(askEveryMs);
    }
  }
};
