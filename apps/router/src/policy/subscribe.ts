import * as grpc from '@grpc/grpc-js';
import { newUuidV7, uuidBytes, policy as wire } from '@lethe/contracts';
import { callMetadata, type Logger, type Secret } from '@lethe/service-kit';
import type { Lease } from './lease.js';
import type { Applied, PolicyStore } from './policy-store.js';

const schemaVersion = 1;
const reconnectMsMin = 100;
const reconnectMsMax = 2000;
/** Until the first grant names the term, renew at this pace. */
const renewMsFirst = 1000;
/** A network that says nothing any more is noticed after the sum of these. */
const pingEveryMs = 3000;
const pingAnswerMsMax = 3000;
/** How long admin-config is given to hear that this router goes. */
const farewellMsMax = 250;

const nackReasons = {
  gap: wire.NackReason.NACK_REASON_GAP,
  malformed: wire.NackReason.NACK_REASON_MALFORMED,
  zdr_regression: wire.NackReason.NACK_REASON_ZDR_REGRESSION,
} as const;

interface SubscribeOptions {
  readonly address: string;
  readonly credential: Secret;
  readonly routerId: string;
  readonly store: PolicyStore;
  readonly lease: Lease;
  readonly log: Logger;
}

type Stream = grpc.ClientDuplexStream<wire.RouterMessage, wire.AdminMessage>;

/**
 * Keeps the policy store in step with admin-config over one stream: snapshot or deltas in, acknowledgements out,
 * renewals for the lease. Reconnects for ever; while it is cut off the lease runs out and nothing is captured.
 * `close` gives the lease up and resolves once admin-config has heard of it, or soon after.
 */
export const subscribe = (options: SubscribeOptions): { close(): Promise<void> } => {
  const { store, lease, log } = options;
  const client = new wire.PolicySyncClient(options.address, grpc.credentials.createInsecure(), {
    'grpc.max_receive_message_length': 64 * 1024 * 1024,
    'grpc.initial_reconnect_backoff_ms': reconnectMsMin,
    'grpc.max_reconnect_backoff_ms': reconnectMsMax,
    'grpc.keepalive_time_ms': pingEveryMs,
    'grpc.keepalive_timeout_ms': pingAnswerMsMax,
  });
  const bootId = uuidBytes(newUuidV7());
  let stream: Stream | undefined;
  let closed = false;
  let reconnectMs = reconnectMsMin;
  let renewMs = renewMsFirst;
  let renewTimer: NodeJS.Timeout | undefined;
  let reconnectTimer: NodeJS.Timeout | undefined;

  const send = (message: NonNullable<wire.RouterMessage['message']>): void => {
    stream?.write({ message });
  };

  const renew = (): void => {
    send({ $case: 'renew', value: { nonce: lease.renewing() } });
    renewTimer = setTimeout(renew, renewMs);
  };

  const answer = (applied: Applied, version: bigint): void => {
    if (applied === 'applied') {
      send({ $case: 'ack', value: { version } });
      return;
    }
    lease.close();
    log.warn('policy.refused', { reason: applied, version });
    send({ $case: 'nack', value: { version: store.version, reason: nackReasons[applied] } });
  };

  const receive = ({ message }: wire.AdminMessage): void => {
    store.heard();
    reconnectMs = reconnectMsMin;
    switch (message?.$case) {
      case 'snapshot':
        answer(store.applySnapshot(message.value), message.value.version);
        break;
      case 'delta':
        answer(store.applyDelta(message.value), message.value.version);
        break;
      case 'grant':
        renewMs = Math.max(50, Math.floor(message.value.ttlMs * 0.3));
        // A grant under a version this router has not applied is worth nothing: it must learn first.
        if (message.value.version <= store.version) lease.granted(message.value.nonce, message.value.ttlMs);
        break;
    }
  };

  const connect = (): void => {
    const current: Stream = client.sync(callMetadata(options.credential));
    stream = current;
    let over = false;
    const lost = (): void => {
      if (over) return;
      over = true;
      stream = undefined;
      clearTimeout(renewTimer);
      if (closed) return;
      reconnectTimer = setTimeout(connect, reconnectMs);
      reconnectMs = Math.min(reconnectMs * 2, reconnectMsMax);
    };
    current.on('data', receive);
    current.on('error', (error: grpc.ServiceError) => {
      if (!closed) log.warn('policy.stream_lost', { status: error.code });
      lost();
    });
    current.on('end', lost);
    send({
      $case: 'hello',
      value: {
        routerId: options.routerId,
        bootId,
        haveVersion: store.version,
        preflightSha256: Buffer.alloc(0),
        schemaVersion,
      },
    });
    renew();
  };

  const farewell = async (): Promise<void> => {
    const current = stream;
    if (current === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      current.once('end', resolve);
      current.once('error', () => resolve());
      timer = setTimeout(resolve, farewellMsMax);
      send({ $case: 'release', value: {} });
      current.end();
    });
    clearTimeout(timer);
    current.cancel();
  };

  connect();
  return {
    close: async () => {
      closed = true;
      lease.close();
      clearTimeout(renewTimer);
      clearTimeout(reconnectTimer);
      await farewell();
      client.close();
    },
  };
};
