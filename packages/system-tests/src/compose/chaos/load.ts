import { setTimeout as pause } from 'node:timers/promises';
import type { Deployment } from '../deployment.js';
import { openClient } from '../published-port.js';
import type { Seen } from './check-history.js';

const streamEnd = 'data: [DONE]\n\n';

/** Asks at a steady rate, in turn with each key, until it is ended; then waits for the last answers. */
export const startLoad = async (
  deployment: Deployment,
  keys: readonly { readonly org: string; readonly apiKey: string }[],
  requestsPerSecond: number,
): Promise<() => Promise<Seen[]>> => {
  const client = await openClient(deployment, 256);
  const running: Promise<Seen>[] = [];
  let isEnding = false;
  const askOne = async (n: number): Promise<Seen> => {
    const { org, apiKey } = keys[n % keys.length] ?? { org: '', apiKey: '' };
    const stream = Math.floor(n / keys.length) % 2 === 1;
    const askedAtMs = Date.now();
    const messages = [{ role: 'user', content: `request ${n}` }];
    const { requestId, status, retention, body } = await client.ask(apiKey, {
      ...{ model: 'sim/echo', stream, messages },
    });
    const isComplete = status === 200 && body !== undefined && (!stream || body.endsWith(streamEnd));
    return { requestId, org, isComplete, retention, askedAtMs };
  };
  const asking = (async (): Promise<void> => {
    const startedAtMs = performance.now();
    while (!isEnding) {
      const due = Math.floor(((performance.now() - startedAtMs) / 1_000) * requestsPerSecond);
      while (running.length < due) running.push(askOne(running.length));
      await pause(10);
    }
  })();
  return async () => {
    isEnding = true;
    await asking;
    const seen = await Promise.all(running);
    client.close();
    return seen;
  };
};
