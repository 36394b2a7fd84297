import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { chat, requestIdOf } from '../support/http.js';

export interface Outcome {
  /** The router's id of the request; empty when no answer came. */
  readonly requestId: string;
  readonly status: number;
  /** The whole answer came, and it is the one that belongs to the request. */
  readonly right: boolean;
  readonly latencyMs: number;
}

export interface LoadOptions {
  readonly router: string;
  readonly keys: readonly string[];
  readonly requestsPerSecond: number;
  readonly signal: AbortSignal;
}

const askOne = async ({ router, keys }: LoadOptions, agent: Agent, n: number): Promise<Outcome> => {
  const startedAtMs = performance.now();
  const streaming = n % 2 === 1;
  const content = `request ${n}`;
  const body = { model: 'sim/echo', stream: streaming, messages: [{ role: 'user', content }] };
  const key = keys[n % keys.length] as string;
  const latencyMs = (): number => performance.now() - startedAtMs;
  try {
    const answer = await chat(router, key, body, { agent });
    const text = answer.body.toString();
    const right = streaming
      ? joined(text) === content && text.endsWith('data: [DONE]\n\n')
      : text.includes(JSON.stringify(content));
    return { requestId: requestIdOf(answer), status: answer.status, right, latencyMs: latencyMs() };
  } catch {
    return { requestId: '', status: 0, right: false, latencyMs: latencyMs() };
  }
};

const joined = (stream: string): string =>
  [...stream.matchAll(/"delta":\{"content":"([^"]*)"/g)].map(([, piece]) => piece).join('');

/**
 * Asks at a steady rate, however long answers take, until the signal fires; resolves when the last answer is in. The
 * clients keep their connections.
 */
export const steadyLoad = async (options: LoadOptions): Promise<Outcome[]> => {
  const agent = new Agent({ keepAlive: true, maxSockets: 100 });
  const running: Promise<Outcome>[] = [];
  const startedAtMs = performance.now();
  while (!options.signal.aborted) {
    const due = Math.floor(((performance.now() - startedAtMs) / 1_000) * options.requestsPerSecond);
    while (running.length < due) running.push(askOne(options, agent, running.length));
    await pause(5);
  }
  const outcomes = await Promise.all(running);
  agent.destroy();
  return outcomes;
};
