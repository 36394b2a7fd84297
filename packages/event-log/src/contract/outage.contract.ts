import { inspect } from 'node:util';
import { describe, expect } from '@jest/globals';
import type { EventLogRecord, TopicName } from '../port.js';
import { type ContractContext, events, record, telemetry } from './context.contract.js';
import { marker } from './reading.contract.js';

/** What both promise when the server is killed; last, because it disturbs everybody. */
export const describeOutage = (context: ContractContext): void => {
  const { keep, reading, test } = context;
  describe('when the server is killed', () => {
    test('loses no acknowledged record, and both clients come back by themselves', async () => {
      const mark = marker();
      const reader = await reading({ topic: telemetry, marker: mark });
      const acknowledged: string[] = [];
      let failures = 0;
      let restarting: Promise<void> | undefined;
      for (let n = 0; acknowledged.length < 120; n += 1) {
        const text = `${mark}${n}`;
        await context
          .insight()
          .publish(telemetry, [record(text)])
          .then(
            () => acknowledged.push(text),
            async () => {
              failures += 1;
              await new Promise((resolve) => setTimeout(resolve, 50));
            },
          );
        if (acknowledged.length === 40)
          restarting ??= context
            .harness()
            .kill()
            .then(() => context.harness().restart());
      }
      await restarting;
      expect(failures).toBeGreaterThan(0);
      for (const text of acknowledged) await reader.has(text);
      const seen = [...new Set(reader.texts())].filter((text) => acknowledged.includes(text));
      expect(seen).toEqual(acknowledged);
    });

    test('tells nothing of what was sent in an error', async () => {
      const canary = 'canary-7f3a91';
      const carrier: EventLogRecord = {
        key: Buffer.from(canary),
        value: Buffer.from(canary),
        headers: { [canary]: canary },
      };
      const errors: unknown[] = [];
      const collect = (promise: Promise<unknown>): Promise<void> =>
        promise.then(
          () => undefined,
          (error: unknown) => void errors.push(error),
        );
      await collect(context.insight().publish(events, [carrier]));
      await collect(context.insight().publish(canary as TopicName, [carrier]));
      await collect(
        context.insight().publish(telemetry, [{ ...carrier, value: Buffer.from(canary.repeat(6_000)) }]),
      );
      await collect((await keep(context.harness().stranger())).publish(telemetry, [carrier]));
      const running = collect(context.insight().publish(telemetry, [carrier]));
      context.insight().sever();
      await running;
      await context.harness().kill();
      await collect(context.insight().publish(telemetry, [carrier]));
      await context.harness().restart();
      const shown = errors.map((error) => inspect(error, { depth: 9, showHidden: true }) + String(error));
      expect(errors).toHaveLength(6);
      for (const word of [canary, ...context.harness().secrets]) {
        // The control: the same look finds the word in an error that carries it.
        expect(inspect(new Error('x', { cause: { word } }), { depth: 9 })).toContain(word);
        expect(shown.join('\n')).not.toContain(word);
      }
    });
  });
};
