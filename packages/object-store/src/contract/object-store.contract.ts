import { afterAll, beforeAll, describe } from '@jest/globals';
import type { ObjectReader, ObjectWriter } from '../port.js';
import type { ContractContext, ObjectStoreAdapter, ObjectStoreHarness } from './context.contract.js';
import { describeGate } from './gate.contract.js';
import { describeObjects } from './objects.contract.js';
import { describeOutage } from './outage.contract.js';
import { describeRights } from './rights.contract.js';

/** What every adapter of the object store promises, run against a real server. */
export const describeObjectStore = (adapter: ObjectStoreAdapter): void => {
  describe(`the object store on ${adapter.name}`, () => {
    let harness: ObjectStoreHarness;
    let writer: ObjectWriter;
    let reader: ObjectReader;
    const opened: { close(): Promise<void> }[] = [];
    const context: ContractContext = {
      harness: () => harness,
      writer: () => writer,
      reader: () => reader,
      keep: async (client) => {
        const made = await client;
        opened.push(made);
        return made;
      },
    };

    beforeAll(async () => {
      harness = await adapter.make();
      // Slow machines are no failure here; what a timeout does has a test of its own.
      writer = await context.keep(harness.writer({ putTimeoutMs: 60_000 }));
      reader = await context.keep(harness.reader());
    });
    afterAll(async () => {
      await Promise.all(opened.map((client) => client.close()));
      await harness?.stop();
    });

    describeObjects(context);
    describeRights(context);
    describeGate(context);
    describeOutage(context);
  });
};
