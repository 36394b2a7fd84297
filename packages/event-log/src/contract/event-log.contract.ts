import { afterAll, beforeAll, describe, it } from '@jest/globals';
import type { EventLogProducer } from '../port.js';
import { topicRules } from '../topics.js';
import { describeConsuming } from './consuming.contract.js';
import type { ContractContext, EventLogAdapter, EventLogHarness } from './context.contract.js';
import { describeOutage } from './outage.contract.js';
import { describePublishing } from './publishing.contract.js';
import { Reader } from './reading.contract.js';

export type { EventLogAdapter, EventLogHarness } from './context.contract.js';

/** What every adapter of the event log promises, run against a real server. */
export const describeEventLog = (adapter: EventLogAdapter): void => {
  describe(`the event log on ${adapter.name}`, () => {
    let harness: EventLogHarness;
    let insight: EventLogProducer;
    let audit: EventLogProducer;
    const opened: { close(): Promise<void> }[] = [];

    const context: ContractContext = {
      harness: () => harness,
      insight: () => insight,
      audit: () => audit,
      keep: async (client) => {
        const made = await client;
        opened.push(made);
        return made;
      },
      reading: async (options) => {
        const consumer = await context.keep(harness.consumer(topicRules[options.topic].family));
        return Reader.start(consumer, options);
      },
      test: (name, body) => {
        const cannot = adapter.cannot.find((each) => each.test === name);
        const declare = cannot ? it.skip : it;
        declare(cannot ? `${name}: cannot, because ${cannot.reason}` : name, body);
      },
    };

    beforeAll(async () => {
      harness = await adapter.make();
      insight = await context.keep(harness.producer('insight'));
      audit = await context.keep(harness.producer('audit'));
    });
    afterAll(async () => {
      await Promise.all(opened.map((client) => client.close()));
      await harness?.stop();
    });

    describePublishing(context);
    describeConsuming(context);
    describeOutage(context);
  });
};
