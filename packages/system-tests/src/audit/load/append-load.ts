import { setTimeout as pause } from 'node:timers/promises';
import type { Uuid } from '@lethe/contracts';
import type { Acknowledged } from '../checker/complaints.js';
import { type AppendClient, connectAppend } from '../world/append-client.js';
import { type SampleEvent, sampleEvent } from '../world/sample-events.js';

export interface AppendLoad {
  /** gRPC addresses of replicas; a call that fails is made again at the next. */
  readonly addresses: readonly string[];
  readonly credential: string;
  readonly orgIds: readonly Uuid[];
  /** How often an event is begun, whatever the answers take. */
  readonly eventsPerSecond: number;
  /** No more than this many are open at once; beyond it the pace is missed. */
  readonly openMax: number;
  /** Given up on after that long without an answer; what is sent until then is sent again. */
  readonly patienceMs: number;
  /** By one stream a replica, without proofs, as a producer's relay would; default: a call an event, with proofs. */
  readonly byStream?: boolean;
  /** Ends by itself after so many. */
  readonly eventsMax?: number;
}

export interface AppendOutcome extends Acknowledged {
  /** Of the whole call, attempts included. */
  readonly latencyMs: number;
  readonly attempts: number;
}

export interface LoadResult {
  readonly outcomes: readonly AppendOutcome[];
  /** Events that nobody acknowledged. */
  readonly unanswered: number;
  readonly tookMs: number;
  /** Processor that the callers themselves used. */
  readonly callersCpuMs: number;
}

const deadlineMs = 5_000;
const againMs = 50;

class Load {
  readonly outcomes: AppendOutcome[] = [];
  unanswered = 0;
  open = 0;
  readonly #clients: AppendClient[];

  constructor(private readonly options: AppendLoad) {
    this.#clients = options.addresses.map((address) => connectAppend(address, options.credential));
  }

  async one(n: number): Promise<void> {
    this.open += 1;
    const event = sampleEvent(this.options.orgIds[n % this.options.orgIds.length]);
    const startedAtMs = performance.now();
    for (let attempts = 1; performance.now() - startedAtMs < this.options.patienceMs; attempts += 1) {
      const answered = await this.#attempt(event, n + attempts);
      if (answered !== undefined) {
        this.outcomes.push({ ...answered, attempts, latencyMs: performance.now() - startedAtMs });
        this.open -= 1;
        return;
      }
      await pause(againMs);
    }
    this.unanswered += 1;
    this.open -= 1;
  }

  async #attempt({ eventId, body, request }: SampleEvent, n: number): Promise<Acknowledged | undefined> {
    try {
      const client = this.#clients[n % this.#clients.length] as AppendClient;
      const { index, proof, checkpoint } = await (this.options.byStream === true
        ? client.appendByStream({ ...request, withoutProof: true })
        : client.append(request, deadlineMs));
      return { eventId, body, index: Number(index), proof, checkpoint };
    } catch {
      return undefined;
    }
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }
}

/** Appends events at a steady pace until told to stop or enough are begun; resolves when the last answer is in. */
export const appendLoad = async (options: AppendLoad, signal: AbortSignal): Promise<LoadResult> => {
  const load = new Load(options);
  const { eventsPerSecond, openMax, eventsMax = Number.POSITIVE_INFINITY } = options;
  const running = new Set<Promise<void>>();
  const startedAtMs = performance.now();
  const cpuBefore = process.cpuUsage();
  for (let begun = 0; begun < eventsMax && !signal.aborted; ) {
    const due = Math.min(((performance.now() - startedAtMs) / 1_000) * eventsPerSecond, eventsMax);
    while (begun < due && load.open < openMax) {
      const one = load.one(begun);
      running.add(one);
      void one.finally(() => running.delete(one));
      begun += 1;
    }
    await pause(1);
  }
  await Promise.all(running);
  load.close();
  const { outcomes, unanswered } = load;
  const { user, system } = process.cpuUsage(cpuBefore);
  const callersCpuMs = Math.round((user + system) / 1_000);
  return { outcomes, unanswered, callersCpuMs, tookMs: performance.now() - startedAtMs };
};
