import { describe, expect, it } from '@jest/globals';
import { decodeSealedPayload } from '@lethe/contracts';
import { costNanos } from '@lethe/model-catalog';
import { Course } from '../course.js';
import { estimateUsage } from '../meter/estimate.js';
import { ProviderFailedError } from '../routing/call-with-fallback.js';
import {
  aborted,
  canary,
  houseOf,
  price,
  readingOf,
  sentCourse,
  usage,
  type World,
} from '../testing/conclude-world.js';
import { keySha256Hex } from '../testing/policy-of.js';
import { conclude } from './conclude.js';

describe('usage', () => {
  it('is what the provider said, whatever happened afterwards', async () => {
    for (const how of ['complete', 'cut', 'client_aborted'] as const) {
      const world = houseOf();
      const course = sentCourse(world);
      course.ended(readingOf(), how, 200);
      conclude(world.house, course);
      expect(await world.only()).toMatchObject({ ...usage, usageSource: 'provider', priced: true });
    }
  });

  it.each(['complete', 'cut', 'client_aborted'] as const)(
    'of a stream that was %s without usage is the stated estimate, never zero, and costs',
    async (how) => {
      const world = houseOf();
      const course = sentCourse(world);
      course.ended(readingOf({ usage: undefined }), how, 200);
      conclude(world.house, course);
      const estimate = estimateUsage({
        contentBytes: 4_000,
        streaming: true,
        contentEvents: 12,
        bodyBytes: 4_000,
      });
      const telemetry = await world.only();
      expect(telemetry).toMatchObject({ ...estimate, usageSource: 'estimated' });
      expect([telemetry.tokensInput, telemetry.tokensOutput]).toEqual([900, 12]);
      expect(telemetry.costRouterNanos).toBe(costNanos(price(world), estimate));
      expect(telemetry.costRouterNanos).toBeGreaterThan(0n);
    },
  );

  it('of a whole body without usage is estimated from its bytes', async () => {
    const world = houseOf();
    const course = sentCourse(world, { streaming: false });
    course.ended(readingOf({ usage: undefined, contentEvents: 0 }), 'complete', 200);
    conclude(world.house, course);
    expect(await world.only()).toMatchObject({
      tokensInput: 900,
      tokensOutput: 900,
      usageSource: 'estimated',
    });
  });

  it('of an attempt that the caller cut before the head is its input', async () => {
    const world = houseOf();
    const course = sentCourse(world);
    course.failed(aborted('await_head'), true);
    conclude(world.house, course);
    expect(await world.only()).toMatchObject({
      tokensInput: 900,
      tokensOutput: 0,
      usageSource: 'estimated',
      outcome: 'client_aborted',
      failurePoint: 'await_head',
      statusCode: 499,
    });
  });

  it('is none where no provider was at work: nothing had left, or it refused', async () => {
    for (const [thrown, gone] of [
      [aborted('connect'), true],
      [
        new ProviderFailedError({ ...aborted('await_head').refusal, code: 'provider.failed' }, 'await_head'),
        true,
      ],
      [
        new ProviderFailedError({ ...aborted('await_head').refusal, code: 'provider.failed' }, 'await_head'),
        false,
      ],
      [new TypeError(canary), false],
    ] as const) {
      const world = houseOf();
      const course = sentCourse(world);
      course.failed(thrown, gone);
      conclude(world.house, course);
      expect(await world.only()).toMatchObject({
        tokensInput: 0,
        tokensOutput: 0,
        usageSource: 'none',
        costProviderNanos: 0n,
        costRouterNanos: 0n,
      });
    }
  });
});

describe('cost', () => {
  it.each(['sim/echo', 'sim/unpriced'])(
    'of counting tokens is nothing, with or without a count: %s',
    async (model) => {
      const endings: ((course: Course) => unknown)[] = [
        (course) => course.ended(readingOf({ usage: undefined }), 'complete', 200),
        (course) => course.ended(readingOf({ usage: undefined }), 'cut', 200),
        (course) => course.failed(aborted('await_head'), true),
      ];
      const facts = async (
        endpoint: 'count_tokens' | 'chat_completions',
        end: (course: Course) => unknown,
      ) => {
        const world = houseOf();
        const course = sentCourse(world, { model, endpoint, streaming: false });
        end(course);
        conclude(world.house, course);
        const { tokensInput, priced, costProviderNanos, costRouterNanos } = await world.only();
        return { tokensInput, priced, cost: costProviderNanos + costRouterNanos };
      };
      for (const end of endings) {
        expect(await facts('count_tokens', end)).toEqual({ tokensInput: 0, priced: true, cost: 0n });
        // Control: anything else is counted by its bytes and billed, or said to be without a price.
        const billed = await facts('chat_completions', end);
        expect(billed.tokensInput).toBeGreaterThan(0);
        expect(billed.cost > 0n || !billed.priced).toBe(true);
      }
    },
  );

  it('follows the catalogue’s price', async () => {
    const world = houseOf();
    const course = sentCourse(world);
    course.ended(readingOf(), 'complete', 200);
    conclude(world.house, course);
    const nanos = costNanos(price(world), usage);
    expect(nanos).toBeGreaterThan(0n);
    expect(await world.only()).toMatchObject({
      costProviderNanos: nanos,
      costRouterNanos: nanos,
      byok: false,
    });
  });

  it('with the customer’s own account is the provider’s alone', async () => {
    const world = houseOf();
    const course = sentCourse(world, { byok: true });
    course.ended(readingOf(), 'complete', 200);
    conclude(world.house, course);
    const nanos = costNanos(price(world), usage);
    expect(await world.only()).toMatchObject({ costProviderNanos: nanos, costRouterNanos: 0n, byok: true });
  });

  it('without a price is unpriced, counted and logged by the catalogue’s name, not zero and silent', async () => {
    const world = houseOf();
    const course = sentCourse(world, { model: 'sim/unpriced' });
    course.ended(readingOf(), 'complete', 200);
    conclude(world.house, course);
    expect(await world.only()).toMatchObject({ priced: false, costRouterNanos: 0n, ...usage });
    expect(await world.house.metrics.registry.metrics()).toMatch(/lethe_router_unpriced_total\{[^}]*\} 1/);
    expect(JSON.parse(world.lines[0] ?? '')).toMatchObject({
      event: 'model.unpriced',
      model: 'sim/unpriced',
    });
  });

  it('of a request that reached no model is priced: there is nothing to bill', async () => {
    const world = houseOf();
    const course = new Course('chat_completions', 1n);
    course.failed(new TypeError(canary), false);
    conclude(world.house, course);
    expect(await world.only()).toMatchObject({
      priced: true,
      costRouterNanos: 0n,
      modelRequested: 'unknown',
    });
    expect(await world.house.metrics.registry.metrics()).toMatch(/lethe_router_unpriced_total\{[^}]*\} 0/);
  });
});

describe('the second decision', () => {
  it('lets a payload out when it agrees, under the same id as the telemetry', async () => {
    const world = houseOf();
    const course = sentCourse(world);
    course.ended(readingOf(), 'complete', 200);
    conclude(world.house, course);
    expect(await world.only()).toMatchObject({ retentionDecision: 'payload', retentionReason: 'granted' });
    await world.house.payload.drain(1_000);
    const decoded = decodeSealedPayload(world.payloadLog.stored[0]?.value ?? Buffer.alloc(0));
    expect(decoded).toMatchObject({ ok: true, payload: { insightId: course.requestId } });
    expect(world.payloadLog.stored[0]?.value.includes(canary)).toBe(false);
  });

  it('wins when it is stricter: ZDR that came meanwhile leaves nothing, and what was captured is overwritten', async () => {
    const world = houseOf();
    const course = sentCourse(world);
    const messages = course.captured?.messages as Buffer;
    expect(messages.includes(canary)).toBe(true);
    world.enableZdr();
    course.ended(readingOf(), 'complete', 200);
    conclude(world.house, course);
    expect(await world.only()).toMatchObject({ retentionDecision: 'telemetry', retentionReason: 'zdr' });
    expect([world.house.payload.depth, messages.every((byte) => byte === 0)]).toEqual([0, true]);
    await world.house.payload.drain(1_000);
    expect(world.payloadLog.calls).toEqual([]);
  });

  it('sends what was kept of the raw request along with the payload, and overwrites it where there is none', async () => {
    const told: string[] = [];
    const run = (world: World, endedEarly = false): void => {
      const course = sentCourse(world);
      course.rawRequest = {
        follow: ({ insightId }) => told.push(insightId === course.requestId ? 'followed' : 'mistaken'),
        wipe: () => told.push('overwritten'),
      };
      if (endedEarly) world.enableZdr();
      course.ended(readingOf(), 'complete', 200);
      conclude(world.house, course);
      conclude(world.house, course);
      expect(course.rawRequest).toBeUndefined();
    };
    const world = houseOf();
    run(world);
    run(world, true);
    expect(told).toEqual(['followed', 'overwritten']);
    // It goes on when the raw request is stored, not before.
    expect(world.house.payload.depth).toBe(0);
  });

  it('cannot loosen the first', async () => {
    const world = houseOf();
    const course = sentCourse(world);
    course.admitted = { kind: 'telemetry_only', reason: 'caller_wish' };
    course.ended(readingOf(), 'complete', 200);
    conclude(world.house, course);
    expect(await world.only()).toMatchObject({
      retentionDecision: 'telemetry',
      retentionReason: 'caller_wish',
    });
    expect(world.house.payload.depth).toBe(0);
  });
});

describe('telemetry', () => {
  it('is published once a request, and says when it is stored', async () => {
    const world = houseOf();
    const course = sentCourse(world);
    course.ended(readingOf(), 'complete', 200);
    let told = 0;
    const tell = (): void => {
      told += 1;
    };
    expect([conclude(world.house, course, tell), conclude(world.house, course, tell), told]).toEqual([
      true,
      false,
      0,
    ]);
    expect(await world.stored()).toHaveLength(1);
    expect(told).toBe(1);
    expect(await world.house.metrics.registry.metrics()).toMatch(
      /requests_total\{outcome="success"[^}]*\} 1/,
    );
  });

  it('that finds no room is not waited for', () => {
    const world = houseOf({ queueRecordsMax: 1 });
    const run = (): boolean => {
      const course = sentCourse(world);
      course.ended(readingOf(), 'complete', 200);
      return conclude(world.house, course, () => undefined);
    };
    expect([run(), run(), world.house.telemetry.recordsLost]).toEqual([true, false, 1]);
  });

  it('of a request without a known key says nothing of whose it is', async () => {
    const world = houseOf();
    const course = new Course('other', 1n);
    course.failed(new TypeError(canary), false);
    conclude(world.house, course);
    expect(await world.only()).toMatchObject({
      orgId: undefined,
      apiKeyId: undefined,
      retentionDecision: 'none',
      retentionReason: 'nothing_to_keep',
      errorType: 'gateway.internal',
      statusCode: 500,
    });
  });

  it('holds no content and no credential', async () => {
    const world = houseOf();
    const course = sentCourse(world);
    course.ended(readingOf(), 'complete', 200);
    conclude(world.house, course);
    await world.stored();
    const bytes = Buffer.concat(world.telemetryLog.stored.map(({ value }) => value));
    expect(bytes.includes(canary)).toBe(false);
    expect(bytes.includes(keySha256Hex)).toBe(false);
    expect(bytes.includes('sim/echo')).toBe(true);
  });

  it('goes first: while a log is behind, no payload is taken on, what waits is dropped, and telemetry says so', async () => {
    const world = houseOf({ queueRecordsMax: 4 });
    world.payloadLog.answer = () => 'hangs';
    const run = (): Course => {
      const course = sentCourse(world);
      course.ended(readingOf(), 'complete', 200);
      return course;
    };
    for (const course of [run(), run()]) conclude(world.house, course);
    expect(world.house.payload.depth).toBe(2);
    const late = run();
    const messages = late.captured?.messages as Buffer;
    conclude(world.house, late);
    expect([world.house.payload.depth, world.house.payload.dropped]).toEqual([0, 2]);
    expect(messages.every((byte) => byte === 0)).toBe(true);
    expect((await world.stored()).map(({ retentionReason }) => retentionReason)).toEqual([
      'granted',
      'granted',
      'payload_dropped',
    ]);
  });
});
