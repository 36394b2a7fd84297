import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type KafkaServer, kafkaAvailability, startKafka } from '@lethe/test-servers';
import { printFigures } from '../support/figures.js';
import { expectForgotten } from './expect-round.js';
import { enableZdr } from './house/enable-zdr.js';
import { type House, startHouse } from './house/house.js';
import { runSeed } from './house/random.js';
import { playRound } from './round.js';

const isLong = process.env.LETHE_LONG === '1';
const rounds = isLong ? 50 : 4;
const first = runSeed();
/** As long as in production: in this house every router answers. */
const leaseTtlMs = 10_000;
// Skipped only where there is no Kafka, which kafkaAvailability says loudly and refuses in CI.
const withKafka = (await kafkaAvailability()) ? describe.skip : describe;

withKafka(`EnableZDR on three routers under load, the event log on Kafka, from seed ${first}`, () => {
  let kafka: KafkaServer;
  let house: House;
  const tookMs: number[] = [];
  let requests = 0;
  beforeAll(async () => {
    const started = await startKafka();
    if ('unavailable' in started) throw new Error(started.unavailable);
    kafka = started;
    house = await startHouse({ kafka, leaseTtlMs });
  }, 180_000);
  afterAll(async () => {
    await house?.stop();
    await kafka?.stop();
    tookMs.sort((a, b) => a - b);
    printFigures('zdr on Kafka', {
      rounds: tookMs.length,
      requests,
      'EnableZDR p50': `${tookMs[tookMs.length >> 1]?.toFixed(0)} ms`,
      slowest: `${tookMs.at(-1)?.toFixed(0)} ms`,
    });
  }, 60_000);

  it('the control: without it, what is asked after that moment can be read, and the search finds it', async () => {
    const round = await playRound(house, { seed: first, without: true });
    expect(round.readable(round.after).length).toBeGreaterThan(5);
    expect(round.opened.texts.some(({ place }) => place === 'topic')).toBe(true);
  }, 90_000);

  it.each(Array.from({ length: rounds }, (_, n) => first + n))(
    'seed %i: nothing that was asked after its return can be read',
    async (seed) => {
      const round = await playRound(house, { seed });
      expectForgotten(round);
      tookMs.push((round.enabled?.returnedAtMs ?? 0) - (round.enabled?.startedAtMs ?? 0));
      requests += round.asked.length;
    },
    90_000,
  );

  it('with Kafka frozen amid it: telemetry waits for it, payload does not', async () => {
    const round = await playRound(house, {
      seed: first + 100,
      enable: async (org) => {
        kafka.freeze();
        const thawing = pause(3_000).then(() => kafka.thaw());
        const enabled = await enableZdr(house.run.adminConfig, org);
        await thawing;
        return enabled;
      },
    });
    expectForgotten(round);
  }, 120_000);
});
