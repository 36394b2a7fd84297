import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Uuid, uuidBytes } from '@lethe/contracts';
import { printFigures } from '../support/figures.js';
import { http } from '../support/http.js';
import type { LoadResult } from './load/append-load.js';
import { cpuTimeMs } from './load/cpu-time.js';
import { fillLog } from './load/fill-log.js';
import { quantile } from './load/quantile.js';
import { startAppendLoad } from './load/start-append-load.js';
import { connectAppend } from './world/append-client.js';
import { type AuditWorld, startAuditWorld } from './world/audit-world.js';
import type { Replica } from './world/replica.js';

const isLong = process.env.LETHE_LONG === '1';
/** Events a second, and whether by one stream (without proofs, as a relay asks) or by a call each (with proofs). */
const PACES = [
  [10, 'calls'],
  [100, 'calls'],
  [1_000, 'calls'],
  [1_000, 'stream'],
] as const;
const PACE_S = isLong ? 30 : 2;
/** How far the log is grown, to see what an event costs then. */
const SIZES = isLong ? [10_000, 100_000, 1_000_000] : [10_000];
const MEASURED_EVENTS = isLong ? 5_000 : 500;
const PROOFS = isLong ? 1_000 : 200;
/** Before anything is measured: what a service compiles and opens once is not what an event costs. */
const WARM_UP_EVENTS = 1_000;

const microseconds = (ms: number, events: number): string => `${Math.round((ms * 1_000) / events)} µs`;
const spread = (latenciesMs: readonly number[]): string =>
  `p50 ${quantile(latenciesMs, 0.5)} p99 ${quantile(latenciesMs, 0.99)}`;

describe('what the audit log takes', () => {
  let world: AuditWorld;
  let replica: Replica;
  let events = 0;
  const figures: Record<string, string> = {};

  const append = async (
    eventsPerSecond: number,
    eventsMax: number,
    more: { readonly openMax: number; readonly byStream?: boolean },
  ): Promise<LoadResult> => {
    const result = await startAppendLoad({
      addresses: [replica.grpc],
      credential: world.callerCredential,
      orgIds: world.identities.orgIds,
      eventsPerSecond,
      patienceMs: 30_000,
      eventsMax,
      ...more,
    }).ended;
    events += result.outcomes.length;
    expect(result.unanswered).toBe(0);
    expect(result.outcomes).toHaveLength(eventsMax);
    return result;
  };
  const auditCpuMs = (): number => cpuTimeMs(replica.pid()) ?? Number.NaN;
  /** Latencies of one question after another, once the first few were asked. */
  const timed = async (ids: readonly Uuid[], ask: (id: Uuid) => Promise<unknown>): Promise<number[]> => {
    const latencies: number[] = [];
    for (const id of [...ids.slice(0, 20), ...ids]) {
      const startedAtMs = performance.now();
      await ask(id);
      latencies.push(performance.now() - startedAtMs);
    }
    return latencies.slice(20);
  };

  beforeAll(async () => {
    world = await startAuditWorld();
    replica = await world.start();
    await append(1e9, WARM_UP_EVENTS, { openMax: 64 });
  }, 120_000);
  afterAll(async () => {
    await world?.stop();
    printFigures('audit', { ...figures, events });
  });

  it.each(SIZES)(
    'an event, and a proof, in a log of %d events',
    async (size) => {
      await replica.stop();
      const fillFrom = events;
      const startedAtMs = performance.now();
      const ids = await fillLog(world, size, PROOFS);
      events = Math.max(events, size);
      const perSecond = ((events - fillFrom) * 1_000) / (performance.now() - startedAtMs);
      figures[`filled to ${size} by audit.append_batch alone`] = `${Math.round(perSecond)}/s`;
      replica = await world.start();
      await append(1e9, WARM_UP_EVENTS, { openMax: 64 });

      const cpuBeforeMs = auditCpuMs();
      const { outcomes, tookMs } = await append(1e9, MEASURED_EVENTS, { openMax: 256 });
      figures[`${size} events`] = [
        `${microseconds(tookMs, outcomes.length)} an event`,
        `${microseconds(auditCpuMs() - cpuBeforeMs, outcomes.length)} of processor in audit`,
      ].join(' ');
      // All over the log, not its newest end alone.
      expect(ids.length).toBeGreaterThanOrEqual(PROOFS);
      const client = connectAppend(replica.grpc, world.callerCredential);
      const byGrpc = await timed(ids, (id) => client.getProof(uuidBytes(id)));
      client.close();
      const byRest = await timed(ids, async (id) => {
        const { status } = await http(`${replica.rest}/v1/audit/events/${id}/proof`, {
          headers: { authorization: `Bearer ${world.identities.operatorToken}` },
        });
        expect(status).toBe(200);
      });
      figures[`proof in ${size}`] = `gRPC ${spread(byGrpc)}, REST ${spread(byRest)}`;
      byRest.sort((a, b) => a - b);
      expect(byRest[Math.floor(byRest.length / 2)]).toBeLessThan(250);
    },
    1_200_000,
  );

  it.each(PACES)(
    'Append at %d events a second by %s',
    async (pace, way) => {
      const cpuBeforeMs = auditCpuMs();
      const result = await append(pace, pace * PACE_S, { openMax: 2_000, byStream: way === 'stream' });
      const cpuMs = auditCpuMs() - cpuBeforeMs;
      const { outcomes, tookMs, callersCpuMs } = result;
      figures[`at ${pace}/s by ${way}`] = [
        `${Math.round((outcomes.length * 1_000) / tookMs)}/s`,
        spread(outcomes.map(({ latencyMs }) => latencyMs)),
        `${microseconds(cpuMs, outcomes.length)} of processor in audit each`,
        `(${microseconds(callersCpuMs, outcomes.length)} in the callers)`,
      ].join(' ');
    },
    200_000,
  );
});
