import type { EventLogConfig, TopicName } from '@lethe/event-log';
import type { Logger } from '@lethe/service-kit';
import type { IngestMetrics } from '../ingest/ingest-metrics.js';
import { createPayloadIngestion } from '../ingest/ingest-payload.js';
import { createTelemetryIngestion } from '../ingest/ingest-telemetry.js';
import { createPayloadStore } from '../store/payload-store.js';
import type { Pools } from '../store/pools.js';
import { createTelemetryStore } from '../store/telemetry-store.js';
import type { WrappingKeys } from '../vault/wrapping-keys.js';
import { consumePayload, createGrace } from './consume-payload.js';
import { consumeTelemetry } from './consume-telemetry.js';
import { startTopicConsumer } from './topic-consumer.js';

const telemetryTopic: TopicName = 'lethe.insight.telemetry.v1';
const payloadTopic: TopicName = 'lethe.insight.payload.v1';
const group = 'lethe-accounting';
const batchRecordsMax = { telemetry: 64, payload: 64 };

interface ConsumersOptions {
  readonly config: { readonly telemetryLog: EventLogConfig; readonly payloadLog: EventLogConfig };
  readonly pools: Pick<Pools, 'telemetry' | 'payload'>;
  readonly keys: WrappingKeys;
  readonly metrics: IngestMetrics;
  readonly log: Logger;
  readonly onTripwire: () => void;
  /** Payload is not read before this resolves; telemetry flows. */
  readonly payloadMayFlow: Promise<void>;
}

/** Telemetry and payload, side by side: two connections to the log, two pools, two roles, nothing shared but keys. */
export const startConsumers = (options: ConsumersOptions) => {
  const { config, pools, keys, metrics, log, onTripwire, payloadMayFlow } = options;
  const telemetryStore = createTelemetryStore(pools.telemetry);
  const payloadStore = createPayloadStore(pools.payload);
  const telemetry = startTopicConsumer({
    config: config.telemetryLog,
    topic: telemetryTopic,
    group: `${group}-telemetry`,
    batchRecordsMax: batchRecordsMax.telemetry,
    log,
    nextOffset: (partition) => telemetryStore.nextOffset(telemetryTopic, partition),
    process: consumeTelemetry(
      createTelemetryIngestion({ store: telemetryStore, keys, topic: telemetryTopic, metrics, log }),
    ),
  });
  const grace = createGrace();
  const payload = startTopicConsumer({
    config: config.payloadLog,
    topic: payloadTopic,
    group: `${group}-payload`,
    after: payloadMayFlow,
    batchRecordsMax: batchRecordsMax.payload,
    log,
    nextOffset: (partition) => payloadStore.nextOffset(payloadTopic, partition),
    process: consumePayload({
      ingestion: createPayloadIngestion({
        store: payloadStore,
        keys,
        topic: payloadTopic,
        mayWait: grace.mayWait,
      }),
      metrics,
      log,
      onTripwire,
    }),
  });
  return {
    states: () => [telemetry.state(), payload.state()],
    stop: async (): Promise<void> => {
      await Promise.all([telemetry.stop(), payload.stop()]);
    },
  };
};
