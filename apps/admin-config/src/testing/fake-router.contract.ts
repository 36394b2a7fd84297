import { randomBytes } from 'node:crypto';
import * as grpc from '@grpc/grpc-js';
import { policy as wire } from '@lethe/contracts';
import { callMetadata, Opaque } from '@lethe/service-kit';

type Part = NonNullable<wire.AdminMessage['message']>;

interface FakeRouterOptions {
  readonly routerId: string;
  readonly renewEveryMs?: number;
  readonly bootId?: Buffer;
  readonly haveVersion?: bigint;
  /** False: renews and follows, and never acknowledges, as behind half a partition. */
  readonly acknowledges?: boolean;
}

/** A router that only follows the policy: renews, takes deltas in order, acknowledges. */
export class FakeRouter {
  readonly bootId: Buffer;
  readonly grants: bigint[] = [];
  /** Set when a delta did not follow the version before, or a grant overtook its deltas. */
  fault: string | undefined;
  version = 0n;
  status: grpc.status | undefined;
  readonly zdrOrgIds = new Set<string>();
  /** When the renewal was sent that its latest grant answers: its lease counts from here. */
  leaseSentMs = 0;
  readonly #sentMs = new Map<bigint, number>();
  #nonce = 0n;
  #frozen = false;
  readonly #timer: NodeJS.Timeout;
  readonly #client: wire.PolicySyncClient;
  readonly #stream: grpc.ClientDuplexStream<wire.RouterMessage, wire.AdminMessage>;

  constructor(
    on: { readonly grpcAddress: string; readonly routerToken: string },
    private readonly options: FakeRouterOptions,
  ) {
    this.bootId = options.bootId ?? randomBytes(16);
    this.#client = new wire.PolicySyncClient(on.grpcAddress, grpc.credentials.createInsecure());
    this.#stream = this.#client.sync(callMetadata(new Opaque(on.routerToken)));
    this.#stream.on('data', ({ message }: wire.AdminMessage) => this.#take(message));
    this.#stream.on('error', ({ code }: grpc.ServiceError) => {
      this.status = code;
    });
    this.#stream.on('end', () => {
      this.status ??= grpc.status.OK;
    });
    const { routerId, haveVersion = 0n } = options;
    const value = {
      routerId,
      bootId: this.bootId,
      haveVersion,
      preflightSha256: Buffer.alloc(0),
      schemaVersion: 1,
    };
    this.send({ $case: 'hello', value });
    this.renew();
    this.#timer = setInterval(() => this.renew(), options.renewEveryMs ?? 300);
    this.#timer.unref();
  }

  send(message: NonNullable<wire.RouterMessage['message']>): void {
    if (!this.#frozen && this.status === undefined) this.#stream.write({ message });
  }

  renew(): void {
    this.#nonce += 1n;
    this.#sentMs.set(this.#nonce, performance.now());
    this.send({ $case: 'renew', value: { nonce: this.#nonce } });
  }

  /** Neither renews nor answers from here on; its stream stays open. */
  freeze(): void {
    this.#frozen = true;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#stream.cancel();
    this.#client.close();
  }

  #take(part: Part | undefined): void {
    if (part === undefined || this.#frozen) return;
    if (part.$case === 'grant') {
      if (part.value.version > this.version) this.fault = 'a grant overtook its delta';
      this.grants.push(part.value.version);
      this.leaseSentMs = this.#sentMs.get(part.value.nonce) ?? 0;
      return;
    }
    if (part.$case === 'delta' && part.value.fromVersion !== this.version) this.fault = 'a gap';
    this.version = part.value.version;
    for (const id of part.value.zdrOrgIds) this.zdrOrgIds.add(id.toString('hex'));
    if (this.options.acknowledges !== false) this.send({ $case: 'ack', value: { version: this.version } });
  }
}
