import { openEventLogProducer } from '@lethe/event-log';
import { objectBytesMax, openObjectWriter } from '@lethe/object-store';
import type { Logger } from '@lethe/service-kit';
import type { RouterConfig } from './config.js';
import type { PolicyStore } from './policy/policy-store.js';
import type { PolicySubscription } from './policy/subscribe.js';
import { outgoingPayload, PayloadPublisher } from './publish/payload-publisher.js';
import { TelemetryPublisher } from './publish/telemetry-publisher.js';
import { HeldBytes } from './raw-request/held-bytes.js';
import { RawRequests } from './raw-request/keep-raw-request.js';
import { ObjectUploads } from './raw-request/object-uploads.js';

const drainTelemetryMs = 1000;
const drainUploadsMs = 100;
const drainPayloadMs = 150;

interface WaysOptions {
  readonly config: RouterConfig;
  readonly policy: PolicyStore;
  readonly subscription: PolicySubscription;
  readonly log: Logger;
}

/** A closed gate lets no byte of payload to a socket, whoever began to write. */
const guarded = ({ gate }: PolicyStore) => ({ mayWrite: () => gate.open() });

const openRawRequests = async (
  { config, policy, subscription, log }: WaysOptions,
  payload: PayloadPublisher,
): Promise<
  { readonly uploads: ObjectUploads; readonly rawRequests: RawRequests; close(): Promise<void> } | undefined
> => {
  const { objectStore, limits } = config;
  if (objectStore === undefined) return undefined;
  const writer = await openObjectWriter(objectStore, guarded(policy));
  const uploads = new ObjectUploads({ writer, writes: subscription.writes, log });
  subscription.carries(uploads);
  const rawRequests = new RawRequests({
    policy,
    uploads,
    held: new HeldBytes(limits.rawRequestBytesHeldMax),
    offer: (record) => payload.offer(outgoingPayload(record)),
    // With its tag it must fit into one object.
    bytesMax: Math.min(limits.bodyBytesMax, objectBytesMax - 16),
  });
  return { uploads, rawRequests, close: () => writer.close() };
};

/** The three ways out of a router, each on connections of its own (R8): telemetry, payload, raw requests. */
export const openWays = async (options: WaysOptions) => {
  const { config, policy, subscription, log } = options;
  const telemetryProducer = await openEventLogProducer(config.telemetryLog);
  const payloadProducer = await openEventLogProducer(config.payloadLog, guarded(policy));
  const telemetry = new TelemetryPublisher({
    producer: telemetryProducer,
    log,
    queueRecordsMax: config.limits.telemetryRecordsMax,
    queueBytesMax: config.limits.telemetryBytesMax,
    lingerMs: 50, // Of company: what a killed router takes along grows with it, what Kafka costs a request falls.
  });
  const payload = new PayloadPublisher({
    producer: payloadProducer,
    log,
    writes: subscription.writes,
    queueRecordsMax: 2000,
    queueBytesMax: 32 * 1024 * 1024,
  });
  subscription.carries(payload);
  const raw = await openRawRequests(options, payload);
  const drain = async (): Promise<void> => {
    await raw?.uploads.drain(drainUploadsMs);
    await payload.drain(drainPayloadMs);
    const left = await telemetry.drain(drainTelemetryMs);
    if (left > 0) log.warn('telemetry.left_behind', { left });
    await Promise.allSettled([telemetryProducer.close(), payloadProducer.close(), raw?.close()]);
  };
  return { telemetry, payload, uploads: raw?.uploads, rawRequests: raw?.rawRequests, drain };
};
