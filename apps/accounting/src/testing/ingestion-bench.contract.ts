import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiKeyId, newUuidV7, type OrgId } from '@lethe/contracts';
import type { StoredRecord } from '@lethe/event-log';
import { createLogger } from '@lethe/service-kit';
import { createGrace } from '../consume/consume-payload.js';
import {
  createPayloadIngestion,
  decodeRecord,
  type PayloadOutcome,
  runsOf,
} from '../ingest/ingest-payload.js';
import { createControlStore } from '../store/control-store.js';
import { createPayloadStore } from '../store/payload-store.js';
import { openPools, type Pools } from '../store/pools.js';
import { openReadDatabase, type ReadDatabase } from '../store/read-scope.js';
import { createVaultStore } from '../store/vault-store.js';
import { createLaunchedWrapping } from '../vault/launched-wrapping.js';
import { makeAtRestKey, makeTransitKey } from '../vault/make-keys.js';
import { createSealOrg, type SealOrg } from '../vault/seal-org.js';
import { createTransitVault, type TransitVault } from '../vault/transit-vault.js';
import { type WrappingKeys, wrappingKeysFrom } from '../vault/wrapping-keys.js';
import { type AccountingDatabase, startAccountingDatabase } from './accounting-database.contract.js';
import type { TransitPublic } from './samples.contract.js';

export const payloadTopic = 'lethe.insight.payload.v1';

export const freshKeys = (): WrappingKeys =>
  wrappingKeysFrom({
    transit: createLaunchedWrapping(randomBytes(32)),
    atRestRoot: randomBytes(32).toString('hex'),
  });

/** Layer 3 over a real database, without the log: records are handed to it. */
export interface IngestionBench {
  readonly db: AccountingDatabase;
  readonly pools: Pools;
  readonly keys: WrappingKeys;
  readonly read: ReadDatabase;
  readonly vault: TransitVault;
  readonly sealOrg: SealOrg;
  /** Opens an organization with both keys; returns the public half a router would hold. */
  openOrg(orgId: OrgId): Promise<TransitPublic>;
  putKey(orgId: OrgId, apiKeyId: ApiKeyId, logging: boolean): Promise<void>;
  ingest(records: readonly StoredRecord[]): Promise<readonly PayloadOutcome[]>;
  stop(): Promise<void>;
}

export const startIngestionBench = async (keys = freshKeys()): Promise<IngestionBench> => {
  const db = await startAccountingDatabase();
  const pools = openPools(db.urls);
  const log = createLogger('accounting', () => undefined);
  const vault = createTransitVault({
    store: createVaultStore(pools.control, pools.leader),
    wrapping: keys.transit,
    log,
  });
  const ingestion = createPayloadIngestion({
    store: createPayloadStore(pools.payload),
    keys,
    topic: payloadTopic,
    mayWait: createGrace().mayWait,
  });
  return {
    db,
    pools,
    keys,
    read: openReadDatabase(pools.read),
    vault,
    sealOrg: createSealOrg({ store: createControlStore(pools.control), vault, log, onQueued: () => {} }),
    async openOrg(orgId) {
      const wrappedBy = await vault.settle();
      const made = await makeTransitKey(keys.transit, wrappedBy, orgId);
      if (made === undefined) throw new Error('the wrapping key is in use');
      const { transitKeyId, publicKey, wrappedPrivate } = made;
      await pools.control`select ingest.open_org(${orgId})`;
      await pools.control`select ingest.put_at_rest_key(${orgId}, 1, ${makeAtRestKey(keys, orgId, 1)})`;
      await pools.control`
        select ingest.put_transit_key(${orgId}, ${transitKeyId}, ${publicKey}, ${wrappedPrivate},
          ${wrappedBy})`;
      return { transitKeyId, publicKey };
    },
    async putKey(orgId, apiKeyId, logging) {
      await pools.control`select ingest.put_api_key(${apiKeyId}, ${orgId}, ${newUuidV7()}, ${logging}, 1)`;
    },
    async ingest(records) {
      const outcomes: PayloadOutcome[] = [];
      for (const run of runsOf(records.map(decodeRecord), 32)) {
        let rest = run;
        while (rest.length > 0) {
          const result = await ingestion.ingestRun(rest);
          outcomes.push(...result.outcomes);
          rest = rest.slice(result.outcomes.length);
          if (result.waiting) await sleep(25);
        }
      }
      return outcomes;
    },
    async stop() {
      await pools.close();
      await db.stop();
    },
  };
};
