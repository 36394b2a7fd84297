import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { RunJson } from '../start-lethe.js';
import { chat, type HttpAnswer, requestIdOf } from '../support/http.js';
import { waitFor } from '../wait-for.js';
import { requestsByWorker } from './operator-port.js';

export interface Outcome {
  /** Empty when no answer came. */
  readonly requestId: string;
  /** The whole answer came, and it is the one that belongs to the request. */
  readonly right: boolean;
  readonly endedAtMs: number;
}

const PAUSE_MS = 50;

const joined = (stream: string): string =>
  [...stream.matchAll(/"delta":\{"content":"([^"]*)"/g)].map(([, piece]) => piece).join('');

/** A client with one connection, which it keeps: as long as that holds, one and the same worker serves it. */
export class Client {
  readonly #run: RunJson;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  #asked = 0;

  constructor(run: RunJson) {
    this.#run = run;
  }

  ask(key: string, content = 'hello', more: object = {}): Promise<HttpAnswer> {
    const body = { model: 'sim/echo', messages: [{ role: 'user', content }], ...more };
    return chat(this.#run.router, key, body, { agent: this.#agent });
  }

  /** The index of the worker that serves this client. Nobody else may ask meanwhile. */
  async worker(key: string): Promise<number> {
    const before = await requestsByWorker(this.#run);
    await this.ask(key);
    return waitFor(async () => {
      const found = (await requestsByWorker(this.#run)).findIndex((count, index) => count !== before[index]);
      return found >= 0 ? { found } : undefined;
    }).then(({ found }) => found);
  }

  /** Asks one request after the other, stream and not, until the signal fires. */
  async askOn(key: string, signal: AbortSignal): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    while (!signal.aborted) {
      outcomes.push(await this.#askOne(key));
      await pause(PAUSE_MS);
    }
    return outcomes;
  }

  close(): void {
    this.#agent.destroy();
  }

  async #askOne(key: string): Promise<Outcome> {
    this.#asked += 1;
    const content = `request${this.#asked}`;
    const streaming = this.#asked % 2 === 1;
    try {
      const answer = await this.ask(key, content, { stream: streaming });
      const text = answer.body.toString();
      const right = streaming
        ? joined(text) === content && text.endsWith('data: [DONE]\n\n')
        : text.includes(JSON.stringify(content));
      return {
        requestId: requestIdOf(answer),
        right: right && answer.status === 200,
        endedAtMs: performance.now(),
      };
    } catch {
      return { requestId: '', right: false, endedAtMs: performance.now() };
    }
  }
}

/** Clients of every worker, `each` of them for one; the map is from worker to clients. */
export const clientsOfEach = async (
  run: RunJson,
  key: string,
  { workers, each }: { workers: number; each: number },
): Promise<ReadonlyMap<number, readonly Client[]>> => {
  const found = new Map<number, Client[]>(Array.from({ length: workers }, (_, index) => [index, []]));
  for (let made = 0; made < workers * each * 4; made += 1) {
    if ([...found.values()].every(({ length }) => length === each)) return found;
    const client = new Client(run);
    const of = found.get(await client.worker(key));
    if (of !== undefined && of.length < each) of.push(client);
    else client.close();
  }
  throw new Error('connections do not reach every worker');
};
