import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiKeyId, newUuidV7, type OrgId, uuidBytes, type policy as wire } from '@lethe/contracts';
import { PolicyStore } from '../policy/policy-store.js';
import { type PolicySubscription, subscribe } from '../policy/subscribe.js';
import { type OutgoingPayload, PayloadPublisher } from '../publish/payload-publisher.js';
import { TelemetryPublisher } from '../publish/telemetry-publisher.js';
import { deltaMessage, keyMessage, orgMessage, snapshotMessage } from './policy-messages.js';
import { type ScriptedAdmin, type ScriptedStream, startScriptedAdmin } from './scripted-admin.js';
import { readableLog, ScriptedLog } from './scripted-log.js';

/** An organization with one key that may log. */
export class Customer {
  readonly orgId = newUuidV7() as OrgId;
  readonly apiKeyId = newUuidV7() as ApiKeyId;
  readonly sealingKeyId = newUuidV7();
  readonly #sha = Buffer.from(`${this.apiKeyId}`.padEnd(32).slice(0, 32));

  org(change: Partial<wire.OrganizationPolicy> = {}): wire.OrganizationPolicy {
    return orgMessage({ orgId: uuidBytes(this.orgId), ...change });
  }

  key(change: Partial<wire.ApiKeyPolicy> = {}): wire.ApiKeyPolicy {
    return keyMessage({
      orgId: uuidBytes(this.orgId),
      apiKeyId: uuidBytes(this.apiKeyId),
      keySha256: this.#sha,
      logging: true,
      sealingKey: { transitKeyId: uuidBytes(this.sealingKeyId), publicKey: Buffer.alloc(32, 3) },
      ...change,
    });
  }

  payload(mark: string): OutgoingPayload {
    const { orgId, apiKeyId, sealingKeyId } = this;
    return { orgId, apiKeyId, sealingKeyId, record: Buffer.from(mark) };
  }
}

export const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await sleep(5);
};

/** For tests: all of a router that takes part in the lease protocol, against an admin-config that obeys the test. */
export class LeasedRouter {
  readonly clock = { hrtimeAheadMs: 0, uptimeAheadMs: 0 };
  readonly store: PolicyStore;
  readonly subscription: PolicySubscription;
  readonly payloadLog = new ScriptedLog();
  readonly telemetryLog = new ScriptedLog();
  readonly publisher: PayloadPublisher;
  readonly telemetry: TelemetryPublisher;
  readonly lines: string[];
  readonly here = new Customer();
  readonly other = new Customer();

  private constructor(readonly admin: ScriptedAdmin) {
    const { log, lines } = readableLog();
    this.lines = lines;
    const clocks = {
      hrtimeMs: () => performance.now() + this.clock.hrtimeAheadMs,
      uptimeMs: () => performance.now() + this.clock.uptimeAheadMs,
    };
    this.store = new PolicyStore({ keysHonouredMsMax: 3_600_000, clocks });
    this.subscription = subscribe({ ...admin, routerId: 'router-1', store: this.store, log });
    this.publisher = new PayloadPublisher({
      producer: this.payloadLog,
      log,
      writes: this.subscription.writes,
      queueRecordsMax: 100,
      queueBytesMax: 1e6,
    });
    this.subscription.carries(this.publisher);
    this.telemetry = new TelemetryPublisher({
      producer: this.telemetryLog,
      log,
      queueRecordsMax: 100,
      queueBytesMax: 1e6,
      lingerMs: 0,
    });
  }

  /** Connected, with two organizations whose keys may log, under version 1 and a lease of this term. */
  static async start(ttlMs: number): Promise<LeasedRouter> {
    let router: LeasedRouter | undefined;
    const admin = await startScriptedAdmin((stream) => {
      stream.grants = router?.stream?.grants ?? { ttlMs, version: 1n };
      if (router !== undefined) stream.send({ $case: 'snapshot', value: router.policy() });
    });
    router = new LeasedRouter(admin);
    const { store } = router;
    await until(() => store.gate.open());
    return router;
  }

  version = 1n;
  readonly zdr = new Set<Customer>();

  /** The policy as admin-config has it, whole. */
  policy(change: Partial<wire.Snapshot> = {}): wire.Snapshot {
    const customers = [this.here, this.other];
    return snapshotMessage(this.version, {
      organizations: customers.map((each) => each.org({ zdr: this.zdr.has(each) })),
      apiKeys: customers.map((each) => (this.zdr.has(each) ? quiet(each) : each.key())),
      zdrOrgIds: [...this.zdr].map(({ orgId }) => uuidBytes(orgId)),
      ...change,
    });
  }

  /** The stream that stands. */
  get stream(): ScriptedStream | undefined {
    return this.admin.streams.at(-1);
  }

  /** Commits a change and pushes it. */
  push(change: Partial<wire.Delta>): bigint {
    const from = this.version;
    this.version += 1n;
    const stream = this.stream as ScriptedStream;
    if (stream.grants !== undefined) stream.grants = { ...stream.grants, version: this.version };
    stream.send({ $case: 'delta', value: deltaMessage(from, this.version, change) });
    return this.version;
  }

  /** What EnableZDR pushes. */
  enableZdr(customer = this.here): bigint {
    this.zdr.add(customer);
    return this.push({
      organizations: [customer.org({ zdr: true })],
      apiKeys: [quiet(customer)],
      zdrOrgIds: [uuidBytes(customer.orgId)],
    });
  }

  acked(version: bigint, stream = this.stream): boolean {
    return stream?.of('ack').some((ack) => ack.version >= version) === true;
  }

  /** What the payload topic holds. */
  get stored(): string[] {
    return this.payloadLog.stored.map(({ value }) => value.toString());
  }

  async stop(): Promise<void> {
    await this.publisher.drain(10);
    await this.subscription.close();
    await this.admin.close();
  }
}

const quiet = (customer: Customer): wire.ApiKeyPolicy =>
  customer.key({ logging: false, sealingKey: undefined });
