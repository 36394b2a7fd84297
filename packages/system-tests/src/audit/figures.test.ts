import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { printFigures } from '../support/figures.js';
import { http } from '../support/http.js';
import type { LoadResult } from './load/append-load.js';
import { cpuTimeMs } from './load/cpu-time.js';
import { quantile } from './load/quantile.js';
import { startAppendLoad } from './load/start-append-load.js';
import { type AuditWorld, startAuditWorld } from './world/audit-world.js';
import type { Replica } from './world/replica.js';

const isLong = process.env.LETHE_LONG === '1';
const PACES = [10, 100, 1_000] as const;
const PACE_S = isLong ? 30 : 2;
/** How far the log is grown, to see what an event costs then. */
const SIZES = isLong ? [10_000, 100_000, 1_000_000] : [2_000];
const MEASURED_EVENTS = isLong ? 5_000 : 500;
const PROOFS = 200;
/** Before anything is measured: what a service compiles and opens once is not what an event costs. */
const WARM_UP_EVENTS = 1_000;

describe('what the audit log takes', () => {
  let world: AuditWorld;
  let replica: Replica;
  let events = 0;
  const figures: Record<string, string> = {};

  const append = async (eventsPerSecond: number, eventsMax: number, openMax: number): Promise<LoadResult> => {
    const result = await startAppendLoad({
      addresses: [replica.grpc],
      credential: world.callerCredential,
      orgIds: world.identities.orgIds,
      eventsPerSecond,
      openMax,
      patienceMs: 30_000,
      eventsMax,
    }).ended;
    events += result.outcomes.length;
    expect(result.unanswered).toBe(0);
    expect(result.outcomes).toHaveLength(eventsMax);
    return result;
  };

  beforeAll(async () => {
    world = await startAuditWorld();
    replica = await world.start();
    await append(1e9, WARM_UP_EVENTS, 64);
  }, 120_000);
  afterAll(async () => {
    await world?.stop();
    printFigures('audit', { ...figures, events });
  });

  it.each(PACES)(
    'Append at %d events a second',
    async (pace) => {
      const cpuBeforeMs = cpuTimeMs(replica.pid()) ?? Number.NaN;
      const { outcomes, tookMs } = await append(pace, pace * PACE_S, 2_000);
      const cpuMs = (cpuTimeMs(replica.pid()) ?? Number.NaN) - cpuBeforeMs;
      const latencies = outcomes.map(({ latencyMs }) => latencyMs);
      figures[`at ${pace}/s`] = [
        `${Math.round((outcomes.length * 1_000) / tookMs)}/s`,
        `p50 ${quantile(latencies, 0.5)} p99 ${quantile(latencies, 0.99)}`,
        `${Math.round((cpuMs * 1_000) / outcomes.length)} µs of processor in audit each`,
      ].join(' ');
    },
    200_000,
  );

  it.each(SIZES)(
    'an event, and a proof, in a log of %d events',
    async (size) => {
      for (const step = 100_000; events < size; ) await append(1e9, Math.min(size - events, step), 512);
      const { outcomes, tookMs } = await append(1e9, MEASURED_EVENTS, 256);
      figures[`${size} events`] = `${((tookMs * 1_000) / outcomes.length).toFixed(0)} µs an event`;
      const latencies: number[] = [];
      for (let n = 0; n < PROOFS; n += 1) {
        const id = outcomes[(n * 7) % outcomes.length]?.eventId ?? '';
        const startedAtMs = performance.now();
        const { status } = await http(`${replica.rest}/v1/audit/events/${id}/proof`, {
          headers: { authorization: `Bearer ${world.identities.operatorToken}` },
        });
        latencies.push(performance.now() - startedAtMs);
        expect(status).toBe(200);
      }
      figures[`proof of ${size}`] = `p50 ${quantile(latencies, 0.5)} p99 ${quantile(latencies, 0.99)}`;
      latencies.sort((a, b) => a - b);
      expect(latencies[PROOFS / 2]).toBeLessThan(250);
    },
    3_600_000,
  );
});
