import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { type Canary, canary } from '@lethe/leak-prover';
import { chat, requestIdOf } from '../../support/http.js';

/** One request as its client saw it; times on the client's own clock. */
export interface Asked {
  readonly canary: Canary;
  readonly router: number;
  readonly kind: 'whole' | 'stream' | 'long_stream';
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** 0: no answer came. */
  readonly status: number;
  readonly requestId: string;
  readonly retention: string;
  /** The whole answer came, and it is the one that belongs to the request. */
  readonly right: boolean;
}

export interface TrafficOptions {
  /** URLs of the routers; each request goes to one of them by chance. */
  readonly routers: readonly string[];
  readonly apiKey: string;
  readonly requestsPerSecond: number;
  readonly random: () => number;
}

export interface Traffic {
  /** What has been answered so far. */
  readonly asked: readonly Asked[];
  /** Asks no more; resolves when the last answer is in. */
  stop(): Promise<readonly Asked[]>;
}

/** Words between the canary and the end, so that a stream lasts: one event for about every four characters. */
const filler = (events: number): string => 'ward '.repeat(events).slice(0, events * 4);
const longStreamEvents = 24;

const kindBy = (random: () => number): Asked['kind'] => {
  const drawn = random();
  if (drawn < 0.6) return 'whole';
  return drawn < 0.85 ? 'stream' : 'long_stream';
};

const bodyOf = (kind: Asked['kind'], planted: Canary): object => ({
  model: kind === 'long_stream' ? 'sim/echo~20' : 'sim/echo',
  stream: kind !== 'whole',
  messages: [
    {
      role: 'user',
      content: kind === 'long_stream' ? `${planted.text} ${filler(longStreamEvents)}` : planted.text,
    },
  ],
});

const textOf = (kind: Asked['kind'], body: string): string =>
  kind === 'whole'
    ? body
    : [...body.matchAll(/"delta":\{[^}]*"content":"((?:[^"\\]|\\.)*)"/g)].map(([, piece]) => piece).join('');

/** One request of a kind with a canary of its own. Never rejects. */
export const askOnce = async (
  { routers, apiKey }: Pick<TrafficOptions, 'routers' | 'apiKey'>,
  { router, kind, agent }: { readonly router: number; readonly kind: Asked['kind']; readonly agent?: Agent },
): Promise<Asked> => {
  const planted = canary(`router-${router + 1}/${kind}`);
  const startedAtMs = performance.now();
  const answer = await chat(routers[router] ?? '', apiKey, bodyOf(kind, planted), agent && { agent }).catch(
    () => undefined,
  );
  const base = { canary: planted, router, kind, startedAtMs, endedAtMs: performance.now() };
  if (answer === undefined) return { ...base, status: 0, requestId: '', retention: '', right: false };
  const body = answer.body.toString();
  const isWhole = kind === 'whole' || body.endsWith('data: [DONE]\n\n');
  return {
    ...base,
    status: answer.status,
    requestId: requestIdOf(answer),
    retention: String(answer.headers['x-lethe-retention']),
    right: answer.status === 200 && isWhole && textOf(kind, body).includes(planted.text),
  };
};

/** Asks at a steady rate until it is stopped; clients keep their connections. */
export const startTraffic = (options: TrafficOptions): Traffic => {
  const { routers, requestsPerSecond, random } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const asked: Asked[] = [];
  const running = new Set<Promise<unknown>>();
  let stopped = false;
  const startedAtMs = performance.now();
  const ask = async (): Promise<void> => {
    const router = Math.floor(random() * routers.length);
    asked.push(await askOnce(options, { router, kind: kindBy(random), agent }));
  };
  const loop = async (): Promise<void> => {
    for (let sent = 0; !stopped; ) {
      const due = Math.floor(((performance.now() - startedAtMs) / 1_000) * requestsPerSecond);
      for (; sent < due; sent += 1) {
        const one = ask();
        running.add(one);
        void one.finally(() => running.delete(one));
      }
      await pause(4);
    }
  };
  const looping = loop();
  return {
    asked,
    stop: async () => {
      stopped = true;
      await looping;
      await Promise.all(running);
      agent.destroy();
      return asked;
    },
  };
};
