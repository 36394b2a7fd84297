import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { newUuidV7 } from '@lethe/contracts';
import type { AppendableEvent } from '../append/read-event.js';
import { startAuditDatabase, type TestAuditDatabase } from '../testing/audit-database.contract.js';
import { sampleEvent, startTestLog, type TestLog } from '../testing/running-log.contract.js';

const isLong = process.env.LETHE_LONG === '1';
const sizes = isLong ? [1_000, 10_000, 100_000, 1_000_000] : [1_000];
const rates = isLong ? [10, 100, 1_000] : [100];
const secondsPerRate = isLong ? 10 : 2;
const callsAtOnce = 1_000;

jest.setTimeout(isLong ? 3_600_000 : 120_000);

let server: TestAuditDatabase;
let log: TestLog;
beforeAll(async () => {
  server = await startAuditDatabase();
  log = await startTestLog({ url: server.url });
});
afterAll(async () => {
  await log.stop();
  await server.stop();
});

const template = sampleEvent();
/** Another event of the same size; made of bytes, because making whole ones is not what is measured. */
const nextEvent = (): AppendableEvent => {
  const eventId = newUuidV7();
  const body = Buffer.from(template.body);
  const at = body.indexOf(template.eventId);
  body.write(eventId, at, 'latin1');
  return { ...template, eventId, body };
};

const fill = async (to: number): Promise<void> => {
  let next = log.keeper.released.size;
  const appendUntilFull = async (): Promise<void> => {
    while (next < to) {
      next += 1;
      await log.intake.append(nextEvent());
    }
  };
  await Promise.all(Array.from({ length: callsAtOnce }, appendUntilFull));
};

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
const say = (line: string): void => {
  process.stdout.write(`append cost: ${line}\n`);
};

/** Appends at an even rate, whatever the answers take, and gives the latencies in milliseconds, sorted. */
const appendAtRate = async (perSecond: number, seconds: number): Promise<number[]> => {
  const latencies: number[] = [];
  const calls: Promise<void>[] = [];
  const start = performance.now();
  for (let i = 0; i < perSecond * seconds; i += 1) {
    const dueMs = start + (i * 1000) / perSecond;
    while (performance.now() < dueMs)
      await new Promise((resolve) => setTimeout(resolve, dueMs - performance.now()));
    calls.push(
      log.intake.append(nextEvent()).then(() => {
        latencies.push(performance.now() - dueMs);
      }),
    );
  }
  await Promise.all(calls);
  return latencies.sort((a, b) => a - b);
};

describe('what appending costs', () => {
  it.each(rates)('at %i events a second', async (rate) => {
    const latencies = await appendAtRate(rate, secondsPerRate);
    expect(latencies).toHaveLength(rate * secondsPerRate);
    const [p50, p99] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
    say(`${rate}/s: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
  });

  it.each(sizes)('up to %i events: throughput, and reads at that size', async (size) => {
    const from = log.keeper.released.size;
    const cpuBefore = process.cpuUsage();
    const start = performance.now();
    await fill(size);
    const seconds = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(cpuBefore);
    const appended = size - from;
    say(
      `${from} to ${size}: ${Math.round(appended / seconds)} events/s, ${Math.round((user + system) / Math.max(1, appended))} us CPU of this process each`,
    );
    const times: number[] = [];
    for (let i = 0; i < 200; i += 1) {
      const began = performance.now();
      expect(await log.reader.proofOf(Math.floor((i * size) / 200))).toBeDefined();
      times.push(performance.now() - began);
    }
    times.sort((a, b) => a - b);
    say(
      `proof at ${size}: p50 ${quantile(times, 0.5).toFixed(1)} ms, p99 ${quantile(times, 0.99).toFixed(1)} ms`,
    );
    expect(log.keeper.released.size).toBeGreaterThanOrEqual(size);
  });
});
