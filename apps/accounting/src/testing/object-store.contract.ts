import { randomBytes } from 'node:crypto';
import { type RawRequestReference, uuidBytes } from '@lethe/contracts';
import {
  type ObjectReader,
  type ObjectWriter,
  openObjectReader,
  openObjectWriter,
} from '@lethe/object-store';
import { readObjectStoreMigrations } from '@lethe/object-store/migrations';
import { applyMigrations } from '@lethe/postgres-server';
import { sealPayload } from '@lethe/sealed-payload';
import type { TestPostgres } from '@lethe/test-servers';
import type postgres from 'postgres';
import type { SealOptions } from './samples.contract.js';

const database = 'object_store';

/** The real object store beside the real database: as a router writes it, as accounting reads it, and as root sees it. */
export interface TestObjects {
  readonly writer: ObjectWriter;
  readonly reader: ObjectReader;
  readonly sql: postgres.Sql;
  readonly readerUrl: string;
  close(): Promise<void>;
}

export const openTestObjects = async (server: TestPostgres): Promise<TestObjects> => {
  const sql = await server.createDatabase(database);
  await applyMigrations(sql, { owner: 'lethe_owner', migrations: await readObjectStoreMigrations() });
  const urlOf = async (role: string) => (await server.login(role)).url(database);
  const readerUrl = await urlOf('lethe_accounting_objects');
  const writer = await openObjectWriter({ kind: 'postgres', url: await urlOf('lethe_router_objects') });
  const reader = await openObjectReader({ kind: 'postgres', url: readerUrl });
  return {
    writer,
    reader,
    sql,
    readerUrl,
    close: async () => {
      await Promise.all([writer.close(), reader.close()]);
    },
  };
};

/** What a router would put into the object store, and the reference that travels in the payload record. */
export const sealedRaw = (
  options: Required<Pick<SealOptions, 'orgId' | 'insightId'>> & Pick<SealOptions, 'to' | 'policyVersion'>,
  body: Buffer,
): { readonly reference: RawRequestReference; readonly ciphertext: Buffer } => {
  const { orgId, insightId, to, policyVersion = 9n } = options;
  const { contentKey, nonce, ciphertext } = sealPayload(
    body,
    { transitKeyId: uuidBytes(to.transitKeyId), publicKey: to.publicKey },
    { orgId: uuidBytes(orgId), insightId: uuidBytes(insightId), kind: 'raw', policyVersion },
  );
  const objectKey = randomBytes(16).toString('hex');
  return { reference: { objectKey, contentKey, nonce, ciphertextBytes: ciphertext.length }, ciphertext };
};
