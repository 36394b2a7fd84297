import type * as grpc from '@grpc/grpc-js';
import { newUuidV7, uuidBytes, policy as wire } from '@lethe/contracts';
import { callMetadata, channelTo, type Logger, type Secret, type TlsIdentity } from '@lethe/service-kit';
import { LeaseDriver, type PolicyLink } from './lease-driver.js';
import type { PayloadTransport, PayloadWrites } from './payload-writes.js';
import type { PolicyStore } from './policy-store.js';
import { LeaseReports } from './reports.js';

const schemaVersion = 1;
const reconnectMsMin = 100;
const reconnectMsMax = 2000;
const tickMs = 50;
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
  readonly tls?: TlsIdentity | undefined;
  readonly routerId: string;
  readonly store: PolicyStore;
  readonly log: Logger;
}

type Stream = grpc.ClientDuplexStream<wire.RouterMessage, wire.AdminMessage>;
type Said = Parameters<PolicyLink['say']>[0];
type Part = NonNullable<wire.RouterMessage['message']>;

/** The stream to admin-config. Connects for ever; while it is cut off the lease runs out and nothing is captured. */
class Subscription implements PolicyLink {
  readonly driver: LeaseDriver;
  readonly #client: wire.PolicySyncClient;
  readonly #reports: LeaseReports;
  #bootId = newUuidV7();
  #stream: Stream | undefined;
  #closed = false;
  #reconnectMs = reconnectMsMin;
  #reconnectTimer: NodeJS.Timeout | undefined;
  readonly #ticker = setInterval(() => this.#tick(), tickMs);

  constructor(private readonly options: SubscribeOptions) {
    this.driver = new LeaseDriver(options.store, options.log);
    this.driver.speakThrough(this);
    this.#reports = new LeaseReports(options.store);
    this.#client = new wire.PolicySyncClient(options.address, channelTo('admin-config', options.tls), {
      'grpc.max_receive_message_length': 64 * 1024 * 1024,
      'grpc.initial_reconnect_backoff_ms': reconnectMsMin,
      'grpc.max_reconnect_backoff_ms': reconnectMsMax,
      'grpc.keepalive_time_ms': pingEveryMs,
      'grpc.keepalive_timeout_ms': pingAnswerMsMax,
    });
    this.#connect();
  }

  say(message: Said): void {
    this.#send(this.#partOf(message));
    if (message.type === 'release') this.#stream?.end();
  }

  newBoot(): void {
    if (this.#closed) return;
    this.#bootId = newUuidV7();
    clearTimeout(this.#reconnectTimer);
    const left = this.#stream;
    if (left !== undefined) {
      this.#stream = undefined;
      this.driver.handle({ type: 'disconnected' });
      left.cancel();
    }
    this.#connect();
  }

  /** Gives the lease up and resolves once admin-config has heard of it, or soon after. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#reconnectTimer);
    const current = this.#stream;
    if (current === undefined) this.driver.handle({ type: 'release' });
    else await this.#farewell(current);
    clearInterval(this.#ticker);
    this.#client.close();
  }

  async #farewell(current: Stream): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      current.once('end', resolve);
      current.once('error', () => resolve());
      timer = setTimeout(resolve, farewellMsMax);
      this.driver.handle({ type: 'release' });
    });
    clearTimeout(timer);
    current.cancel();
  }

  #connect(): void {
    const current: Stream = this.#client.sync(callMetadata(this.options.credential));
    this.#stream = current;
    current.on('data', (message: wire.AdminMessage) => {
      if (this.#stream === current) this.#receive(message);
    });
    current.on('error', (error: grpc.ServiceError) => {
      if (this.#stream === current && !this.#closed)
        this.options.log.warn('policy.stream_lost', { status: error.code });
      this.#lost(current);
    });
    current.on('end', () => this.#lost(current));
    this.driver.handle({ type: 'connected', bootId: this.#bootId });
  }

  #lost(stream: Stream): void {
    if (this.#stream !== stream) return;
    this.#stream = undefined;
    this.#reports.cutOff();
    this.driver.handle({ type: 'disconnected' });
    if (this.#closed) return;
    this.#reconnectTimer = setTimeout(() => this.#connect(), this.#reconnectMs);
    this.#reconnectMs = Math.min(this.#reconnectMs * 2, reconnectMsMax);
  }

  #receive({ message }: wire.AdminMessage): void {
    this.options.store.heard();
    this.#reconnectMs = reconnectMsMin;
    this.#reports.connected();
    switch (message?.$case) {
      case 'snapshot':
      case 'delta':
        this.driver.handlePolicy(message.value);
        break;
      case 'grant':
        this.driver.handle({ type: 'grant', ...message.value });
        break;
    }
  }

  #tick(): void {
    this.driver.tick();
    const report = this.#reports.due();
    if (report !== undefined) this.#send({ $case: 'report', value: report });
  }

  #send(message: Part): void {
    this.#stream?.write({ message });
  }

  #partOf(message: Said): Part {
    switch (message.type) {
      case 'hello':
        return {
          $case: 'hello',
          value: {
            routerId: this.options.routerId,
            bootId: uuidBytes(this.#bootId),
            haveVersion: message.haveVersion,
            preflightSha256: Buffer.alloc(0),
            schemaVersion,
          },
        };
      case 'renew':
        return { $case: 'renew', value: { nonce: message.nonce } };
      case 'ack':
        return { $case: 'ack', value: { version: message.version } };
      case 'nack':
        return {
          $case: 'nack',
          value: { version: message.version, reason: nackReasons[message.reason] },
        };
      case 'release':
        return { $case: 'release', value: {} };
    }
  }
}

/** The router's end of PolicySync: the policy is kept in step, and whoever carries payload asks `writes`. */
export interface PolicySubscription {
  readonly writes: PayloadWrites;
  carries(transport: PayloadTransport): void;
  /** Gives the lease up and resolves once admin-config has heard of it, or soon after. */
  close(): Promise<void>;
}

/** Keeps the policy store in step with admin-config over one stream, and a lease while it can. */
export const subscribe = (options: SubscribeOptions): PolicySubscription => {
  const subscription = new Subscription(options);
  const { driver } = subscription;
  return {
    writes: driver,
    carries: (transport) => driver.carries(transport),
    close: () => subscription.close(),
  };
};
