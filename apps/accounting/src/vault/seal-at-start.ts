import * as grpc from '@grpc/grpc-js';
import { audit, type OrgId, policy, uuidText } from '@lethe/contracts';
import {
  callMetadata,
  channelTo,
  GrpcCallError,
  type Logger,
  type Secret,
  type TlsIdentity,
} from '@lethe/service-kit';
import { startLoop } from '../background-loop.js';
import type { Sealing } from '../store/control-store.js';
import type { SealOrg } from './seal-org.js';

const listDeadlineMs = 30_000;
const retryMsMax = 5000;
const everyMs = 1000;
/** More organizations than any deployment has; a list without end fills no memory. */
const organizationsMax = 1_000_000;
const versionMax = 2n ** 63n - 1n;

/** Organizations that gave payload up for ever, as somebody else remembers them. Rejects with GrpcCallError. */
export type ListSealings = () => Promise<readonly Sealing[]>;

const collect = <Item>(
  call: grpc.ClientReadableStream<Item>,
  toSealing: (item: Item) => Sealing | undefined,
): Promise<readonly Sealing[]> =>
  new Promise((resolve, reject) => {
    const found: Sealing[] = [];
    call.on('data', (item: Item) => {
      const sealing = toSealing(item);
      // An entry that cannot be read might be anybody: without it nothing is known.
      if (sealing === undefined || found.length >= organizationsMax) {
        reject(new GrpcCallError(grpc.status.DATA_LOSS));
        call.cancel();
      } else found.push(sealing);
    });
    call.on('error', ({ code }: grpc.ServiceError) => reject(new GrpcCallError(code)));
    call.on('end', () => resolve(found));
  });

const sealingOf = (orgIdBytes: Uint8Array, version: bigint, shredHistory: boolean): Sealing | undefined => {
  const orgId: OrgId | undefined = uuidText(orgIdBytes);
  return orgId === undefined || version > versionMax ? undefined : { orgId, version, shredHistory };
};

interface ListOptions {
  readonly adminConfigGrpc: string;
  readonly auditGrpc: string;
  readonly credential: Secret;
  readonly tls?: TlsIdentity | undefined;
}

/** The two memories of ZDR outside this database: admin-config's, and audit's anchors. */
export const createSealingLists = ({ adminConfigGrpc, auditGrpc, credential, tls }: ListOptions) => {
  const policies = new policy.PolicySyncClient(adminConfigGrpc, channelTo('admin-config', tls));
  const audits = new audit.AuditClient(auditGrpc, channelTo('audit', tls));
  const metadata = callMetadata(credential);
  const calls = new Set<{ cancel(): void }>();
  const listing = async <Item>(
    open: (deadline: { deadline: number }) => grpc.ClientReadableStream<Item>,
    toSealing: (item: Item) => Sealing | undefined,
  ): Promise<readonly Sealing[]> => {
    const call = open({ deadline: Date.now() + listDeadlineMs });
    calls.add(call);
    try {
      return await collect(call, toSealing);
    } finally {
      calls.delete(call);
    }
  };
  const zdrOrganizations: ListSealings = () =>
    listing(
      (deadline) => policies.listZdrOrganizations({}, metadata, deadline),
      ({ orgId, version, shredHistory }) => sealingOf(orgId, version, shredHistory),
    );
  const tombstones: ListSealings = () =>
    listing(
      (deadline) => audits.listTombstones({}, metadata, deadline),
      // A tombstone does not say which version it was: the first sealing's stays, and 0 is before every other.
      ({ orgId, shredHistory }) => sealingOf(orgId, 0n, shredHistory),
    );
  return {
    zdrOrganizations,
    tombstones,
    close: () => {
      for (const call of calls) call.cancel();
      policies.close();
      audits.close();
    },
  };
};

interface SealAtStartOptions {
  readonly lists: readonly ListSealings[];
  readonly sealOrg: SealOrg;
  readonly log: Logger;
  /** Told each time that everything was carried out. */
  readonly onDone: () => void;
}

/**
 * Seals again what others remember: after the start, because this database may be a restored one, and whenever it is
 * told to. `done` resolves when every list was answered and carried out; payload is read after that and not before.
 */
export const startSealAtStart = ({ lists, sealOrg, log, onDone }: SealAtStartOptions) => {
  const waiting = new Set(lists);
  let finish: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let isDone = false;
  const loop = startLoop({
    event: 'seal_at_start.turn',
    everyMs,
    retryMsMax,
    log,
    run: async (signal) => {
      for (const list of [...waiting]) {
        // Taken out first: a call of `again` meanwhile puts it back.
        waiting.delete(list);
        try {
          for (const sealing of await list()) {
            if (signal.aborted) return;
            await sealOrg(sealing);
          }
        } catch (error) {
          waiting.add(list);
          throw error;
        }
      }
      if (isDone || waiting.size > 0) return;
      isDone = true;
      log.info('seal_at_start.done');
      finish();
      onDone();
    },
  });
  return {
    done,
    isDone: () => isDone,
    again: () => {
      isDone = false;
      for (const list of lists) waiting.add(list);
      loop.wake();
    },
    stop: () => loop.stop(),
  };
};
