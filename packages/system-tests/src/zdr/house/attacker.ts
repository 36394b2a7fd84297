import { decodeSealedPayload, type SealedPayloadRecord, type Uuid, uuidBytes } from '@lethe/contracts';
import { openPayload, unsealContentKey, unwrapKey } from '@lethe/sealed-payload';
import type { House } from './house.js';
import { topicRecords } from './topic-records.js';

/** What somebody reads who has every right on every database, the root key, and each wrapping key that was ever made. */
export interface Opened {
  /** Plaintexts, by where they lay. */
  readonly texts: readonly { readonly place: 'item' | 'topic' | 'object'; readonly text: Buffer }[];
  readonly items: number;
  readonly records: number;
  readonly objects: number;
  readonly transitKeys: number;
}

interface PrivateKey {
  readonly orgId: Uuid;
  readonly transitKeyId: Uuid;
  readonly privateKey: Buffer;
}

const tryTo = <T>(open: () => T): T | undefined => {
  try {
    return open();
  } catch {
    return undefined;
  }
};

/** Every private half of a transit key that lies in the database and can be unwrapped. */
const transitKeys = async ({ databases, secrets }: House): Promise<PrivateKey[]> => {
  const rows = await databases.as(
    'accounting',
    (sql) => sql<{ id: Uuid; org: Uuid; wrapped: Buffer }[]>`
      select transit_key_id::text as id, org_id::text as org, wrapped_private as wrapped from ingest.transit_key`,
  );
  const wrappingKeys = secrets.transitWrappingKeys.map((hex) => Buffer.from(hex, 'hex'));
  return rows.flatMap(({ id, org, wrapped }) =>
    wrappingKeys.flatMap((wrappingKey) => {
      const binding = {
        purpose: 'transit_private_key',
        orgId: uuidBytes(org),
        objectId: uuidBytes(id),
        keyVersion: 0,
      } as const;
      const privateKey = tryTo(() => unwrapKey(wrapped, wrappingKey, binding));
      return privateKey === undefined ? [] : [{ orgId: org, transitKeyId: id, privateKey }];
    }),
  );
};

/** Opens a record with each key there is, whatever key it names. */
const openRecord = (record: SealedPayloadRecord, keys: readonly PrivateKey[]): Buffer | undefined => {
  const binding = {
    orgId: uuidBytes(record.orgId),
    insightId: uuidBytes(record.insightId),
    kind: 'payload',
    policyVersion: record.policyVersion,
  } as const;
  for (const { privateKey } of keys) {
    const transitKeyId = uuidBytes(record.transitKeyId);
    const text = tryTo(() => {
      const contentKey = unsealContentKey(record.contentKey, { transitKeyId, privateKey }, binding);
      return openPayload(record, contentKey, { ...binding, transitKeyId });
    });
    if (text !== undefined) return text;
  }
  return undefined;
};

interface ItemRow {
  readonly org: Uuid;
  readonly insight: Uuid;
  readonly wrapped: Buffer;
  readonly version: number;
  readonly nonce: Buffer;
  readonly ciphertext: Buffer;
  readonly policy: string;
  readonly transit: Uuid;
  readonly at_rest: Buffer;
}

const openItem = (row: ItemRow, rootKey: Buffer): Buffer | undefined =>
  tryTo(() => {
    const orgId = uuidBytes(row.org);
    const atRestKey = unwrapKey(row.at_rest, rootKey, {
      purpose: 'at_rest_key',
      orgId,
      objectId: Buffer.from(String(row.version)),
      keyVersion: 0,
    });
    const contentKey = unwrapKey(row.wrapped, atRestKey, {
      purpose: 'payload_content_key',
      orgId,
      objectId: uuidBytes(row.insight),
      keyVersion: row.version,
    });
    return openPayload(row, contentKey, {
      orgId,
      insightId: uuidBytes(row.insight),
      kind: 'payload',
      policyVersion: BigInt(row.policy),
      transitKeyId: uuidBytes(row.transit),
    });
  });

/** Opens whatever can be opened: payload at rest, every record of the payload topic. */
export const openEverything = async (house: House): Promise<Opened> => {
  const [keys, records, rows] = await Promise.all([
    transitKeys(house),
    topicRecords(house, 'lethe.insight.payload.v1'),
    house.databases.as(
      'accounting',
      (sql) => sql<ItemRow[]>`
        select i.org_id::text as org, i.insight_id::text as insight, i.wrapped_content_key as wrapped,
          i.at_rest_key_version as version, i.nonce, i.ciphertext, i.policy_version::text as policy,
          i.transit_key_id::text as transit, k.wrapped_key as at_rest
        from payload.item i
        join ingest.at_rest_key k on k.org_id = i.org_id and k.version = i.at_rest_key_version`,
    ),
  ]);
  const rootKey = Buffer.from(house.secrets.atRestRootKey, 'hex');
  const items = rows.map((row) => openItem(row, rootKey));
  const sealed = records.map((value) => {
    const decoded = decodeSealedPayload(value);
    return decoded.ok ? openRecord(decoded.payload, keys) : undefined;
  });
  const found = (place: 'item' | 'topic', texts: readonly (Buffer | undefined)[]) =>
    texts.filter((text) => text !== undefined).map((text) => ({ place, text }));
  return {
    texts: [...found('item', items), ...found('topic', sealed)],
    items: rows.length,
    records: records.length,
    objects: 0,
    transitKeys: keys.length,
  };
};
