import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { printFigures } from '../../support/figures.js';
import { http } from '../../support/http.js';
import { waitFor } from '../../wait-for.js';
import { complaintsAbout, type History } from '../checker/complaints.js';
import type { LoadResult } from '../load/append-load.js';
import { quantile } from '../load/quantile.js';
import { startAppendLoad } from '../load/start-append-load.js';
import { type AuditWorld, startAuditWorld } from '../world/audit-world.js';
import type { Replica } from '../world/replica.js';
import { seededRandom } from './random.js';
import { readHistory } from './read-history.js';

const LOAD_MS = process.env.LETHE_LONG === '1' ? 180_000 : 20_000;
const EVENTS_PER_SECOND = 150;
const VICTIMS = ['replica 1', 'replica 2', 'both replicas', 'Postgres', 'event log'] as const;
type Victim = (typeof VICTIMS)[number];

describe('kill -9 of two audit replicas, their Postgres and the event log during appends', () => {
  const seed = Number(process.env.LETHE_SEED ?? randomInt(1_000_000));
  const random = seededRandom(seed);
  const kills: Record<Victim, number> = {
    'replica 1': 0,
    'replica 2': 0,
    'both replicas': 0,
    Postgres: 0,
    'event log': 0,
  };
  let world: AuditWorld;
  let replicas: readonly [Replica, Replica];
  let load: LoadResult;
  let history: History;

  const kill = async (victim: Victim): Promise<void> => {
    kills[victim] += 1;
    const [first, second] = replicas;
    if (victim === 'replica 1' || victim === 'both replicas') first.kill();
    if (victim === 'replica 2' || victim === 'both replicas') second.kill();
    if (victim === 'Postgres' || victim === 'event log') {
      const { server } = victim === 'Postgres' ? world.databases : world.topics;
      await server.kill();
      await pause(random() * 300);
      await server.restart();
    }
  };

  const isSomeoneReady = async (): Promise<boolean> => {
    const answers = await Promise.all(
      replicas.map(({ rest }) => http(`${rest}/readyz`).catch(() => undefined)),
    );
    return answers.some((answer) => answer?.status === 200);
  };

  beforeAll(async () => {
    world = await startAuditWorld();
    replicas = await Promise.all([world.start({ supervised: true }), world.start({ supervised: true })]);
    const running = startAppendLoad({
      addresses: replicas.map(({ grpc }) => grpc),
      credential: world.callerCredential,
      orgIds: world.identities.orgIds,
      eventsPerSecond: EVENTS_PER_SECOND,
      openMax: 300,
      patienceMs: 60_000,
    });
    const endMs = performance.now() + LOAD_MS;
    // Each once at least, in an order of its own; then as chance has it.
    const order = [...VICTIMS].sort(() => random() - 0.5);
    for (let n = 0; n < order.length || performance.now() < endMs; n += 1) {
      await pause(300 + random() * 1_500);
      await kill(order[n] ?? (VICTIMS[Math.floor(random() * VICTIMS.length)] as Victim));
      // On a slow machine too, something is appended between two kills.
      await waitFor(isSomeoneReady, 30_000, 50);
    }
    await pause(500);
    load = await running.stop();
    history = await readHistory(world, replicas[0], load.outcomes);
  }, LOAD_MS + 150_000);
  afterAll(async () => {
    await world?.stop();
    const latencies = load?.outcomes.map(({ latencyMs }) => latencyMs) ?? [];
    printFigures('audit chaos', {
      seed,
      events: latencies.length,
      'asked more than once': load?.outcomes.filter(({ attempts }) => attempts > 1).length,
      ...kills,
      p50: quantile(latencies, 0.5),
      p99: quantile(latencies, 0.99),
      checkpoints: new Set(history?.published).size,
    });
  });

  it('reached every part, and all events were acknowledged in the end', () => {
    expect(Object.values(kills).every((count) => count > 0)).toBe(true);
    expect(load.unanswered).toBe(0);
    expect(load.outcomes.length).toBeGreaterThan(100);
    expect(load.outcomes.some(({ attempts }) => attempts > 1)).toBe(true);
  });

  it('lost nothing, doubled nothing, and every checkpoint is consistent with all others', () => {
    expect(history.entries.length).toBe(load.outcomes.length);
    expect(complaintsAbout(history)).toEqual([]);
  });

  describe('the checker finds', () => {
    const { entries, acknowledged, published, publishedEvents } = {
      entries: () => history.entries,
      acknowledged: () => history.acknowledged,
      published: () => history.published,
      publishedEvents: () => history.publishedEvents,
    };
    const middle = (list: readonly unknown[]): number => Math.floor(list.length / 2);
    const spoilt: Readonly<Record<string, () => Partial<History>>> = {
      'an acknowledged event that is missing': () => ({
        entries: entries().filter((_, at) => at !== middle(entries())),
      }),
      'an event that is there twice': () => ({ entries: [...entries(), entries()[0] as Buffer] }),
      'two events in each other’s place': () => ({
        entries: entries().map((entry, at) => entries()[at === 3 ? 4 : at === 4 ? 3 : at] ?? entry),
      }),
      'the last event gone': () => ({ entries: entries().slice(0, -1) }),
      'a checkpoint of a fork, well signed': () => {
        const root = Buffer.alloc(32, 7).toString('base64');
        return { published: [...published(), world.sign(`${world.origin}\n${entries().length}\n${root}\n`)] };
      },
      'a checkpoint under another’s signature': () => {
        const [note = ''] = published();
        const other = published().at(-1) as string;
        return { published: [note.split('\n\n')[0] + other.slice(other.indexOf('\n\n')), ...published()] };
      },
      'checkpoints out of order': () => ({ published: [...published(), published()[0] as string] }),
      'a proof of another event': () => ({
        acknowledged: acknowledged().map((event, at) => ({
          ...event,
          proof: acknowledged()[at === 0 ? 1 : at]?.proof ?? '',
        })),
      }),
      'an event that was not published': () => ({
        publishedEvents: publishedEvents().filter((event) => !event.equals(entries()[5] as Buffer)),
      }),
    };
    it.each(Object.keys(spoilt))('%s', (name) => {
      expect(complaintsAbout({ ...history, ...spoilt[name]?.() })).not.toEqual([]);
    });
  });
});
