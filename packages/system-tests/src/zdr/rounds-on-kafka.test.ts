import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type KafkaServer,
  kafkaAvailability,
  type S3Server,
  s3Availability,
  startKafka,
  startS3,
} from '@lethe/test-servers';
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
// Skipped only where one of the two cannot be had, which is said loudly and refused in CI.
const withKafka = (await kafkaAvailability()) || (await s3Availability()) ? describe.skip : describe;

withKafka(
  `EnableZDR on three routers under load, the event log on Kafka, raw requests on S3, from seed ${first}`,
  () => {
    let kafka: KafkaServer;
    let s3: S3Server;
    let house: House;
    const tookMs: number[] = [];
    let requests = 0;
    beforeAll(async () => {
      const started = await startKafka();
      if ('unavailable' in started) throw new Error(started.unavailable);
      kafka = started;
      const objects = await startS3();
      if ('unavailable' in objects) throw new Error(objects.unavailable);
      s3 = objects;
      house = await startHouse({ kafka, s3, leaseTtlMs });
    }, 180_000);
    afterAll(async () => {
      await house?.stop();
      await kafka?.stop();
      await s3?.stop();
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
      const places = new Set(round.opened.texts.map(({ place }) => place));
      expect(places).toEqual(new Set(['item', 'topic', 'object']));
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
  },
);
