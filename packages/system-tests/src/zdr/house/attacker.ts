import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeSealedPayload, type SealedPayloadRecord, type Uuid, uuidBytes } from '@lethe/contracts';
import { openObjectReader } from '@lethe/object-store';
import {
  openPayload,
  type SealedContent,
  type SealedContentKey,
  unsealContentKey,
  unwrapKey,
} from '@lethe/sealed-payload';
import type { House } from './house.js';
import { topicRecords } from './topic-records.js';

export type Place = 'item' | 'topic' | 'object';

/** What somebody reads who has every right on every database, the root key, and each wrapping key that was ever made. */
export interface Opened {
  /** Plaintexts, by where they lay. */
  readonly texts: readonly { readonly place: Place; readonly text: Buffer }[];
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

/** Every key that wraps transit keys and that still exists; of those handed over, also those that should not. */
const wrappingKeysOf = async ({ secrets }: House): Promise<Buffer[]> => {
  const handedOver = secrets.handedOver.map((hex) => Buffer.from(hex, 'hex'));
  const folder = secrets.transitKeysFolder;
  if (folder === undefined) return handedOver;
  const files = await readdir(folder);
  // One may be replaced at this very moment.
  const read = await Promise.all(files.map((file) => readFile(join(folder, file)).catch(() => undefined)));
  return read.filter((key) => key !== undefined);
};

/** Every private half of a transit key that lies in the database and can be unwrapped. */
const transitKeys = async (house: House): Promise<PrivateKey[]> => {
  const { databases } = house;
  const rows = await databases.as(
    'accounting',
    (sql) => sql<{ id: Uuid; org: Uuid; wrapped: Buffer }[]>`
      select transit_key_id::text as id, org_id::text as org, wrapped_private as wrapped from ingest.transit_key`,
  );
  const wrappingKeys = await wrappingKeysOf(house);
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

type Kind = 'payload' | 'raw';

/** Opens what a record sealed with each key there is, whatever key it names. */
const openSealed = (
  record: SealedPayloadRecord,
  keys: readonly PrivateKey[],
  sealed: { readonly kind: Kind; readonly content: SealedContent; readonly contentKey: SealedContentKey },
): Buffer | undefined => {
  const binding = {
    orgId: uuidBytes(record.orgId),
    insightId: uuidBytes(record.insightId),
    kind: sealed.kind,
    policyVersion: record.policyVersion,
  };
  const transitKeyId = uuidBytes(record.transitKeyId);
  for (const { privateKey } of keys) {
    const text = tryTo(() => {
      const contentKey = unsealContentKey(sealed.contentKey, { transitKeyId, privateKey }, binding);
      return openPayload(sealed.content, contentKey, { ...binding, transitKeyId });
    });
    if (text !== undefined) return text;
  }
  return undefined;
};

/** What a record of the topic gives away: its payload, and the raw request that it points at. */
const openRecord = (
  record: SealedPayloadRecord,
  keys: readonly PrivateKey[],
  objects: ReadonlyMap<string, Buffer>,
): { readonly payload: Buffer | undefined; readonly raw: Buffer | undefined } => {
  const { contentKey, rawRequest } = record;
  const object = rawRequest && objects.get(rawRequest.objectKey);
  return {
    payload: openSealed(record, keys, { kind: 'payload', content: record, contentKey }),
    raw:
      rawRequest &&
      object &&
      openSealed(record, keys, {
        kind: 'raw',
        content: { nonce: rawRequest.nonce, ciphertext: object },
        contentKey: rawRequest.contentKey,
      }),
  };
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

/** Opens what is at rest under the organization's key, as accounting would for its reader. */
const openAtRest = (
  row: Omit<ItemRow, 'ciphertext'>,
  rootKey: Buffer,
  kind: Kind,
  ciphertext: Buffer,
): Buffer | undefined =>
  tryTo(() => {
    const orgId = uuidBytes(row.org);
    const atRestKey = unwrapKey(row.at_rest, rootKey, {
      purpose: 'at_rest_key',
      orgId,
      objectId: Buffer.from(String(row.version)),
      keyVersion: 0,
    });
    const contentKey = unwrapKey(row.wrapped, atRestKey, {
      purpose: kind === 'payload' ? 'payload_content_key' : 'raw_content_key',
      orgId,
      objectId: uuidBytes(row.insight),
      keyVersion: row.version,
    });
    return openPayload({ nonce: row.nonce, ciphertext }, contentKey, {
      orgId,
      insightId: uuidBytes(row.insight),
      kind,
      policyVersion: BigInt(row.policy),
      transitKeyId: uuidBytes(row.transit),
    });
  });

const itemRows = ({ databases }: House): Promise<ItemRow[]> =>
  databases.as(
    'accounting',
    (sql) => sql<ItemRow[]>`
      select i.org_id::text as org, i.insight_id::text as insight, i.wrapped_content_key as wrapped,
        i.at_rest_key_version as version, i.nonce, i.ciphertext, i.policy_version::text as policy,
        i.transit_key_id::text as transit, k.wrapped_key as at_rest
      from payload.item i
      join ingest.at_rest_key k on k.org_id = i.org_id and k.version = i.at_rest_key_version`,
  );

type RawRow = Omit<ItemRow, 'ciphertext'> & { readonly object: string };

const rawRows = ({ databases }: House): Promise<RawRow[]> =>
  databases.as(
    'accounting',
    (sql) => sql<RawRow[]>`
      select r.org_id::text as org, r.insight_id::text as insight, r.wrapped_content_key as wrapped,
        r.at_rest_key_version as version, r.nonce, r.object_key as object, i.policy_version::text as policy,
        i.transit_key_id::text as transit, k.wrapped_key as at_rest
      from payload.raw_request r
      join payload.item i on i.org_id = r.org_id and i.insight_id = r.insight_id
      join ingest.at_rest_key k on k.org_id = r.org_id and k.version = r.at_rest_key_version`,
  );

/** Every object there is, by its key. */
const allObjects = async (house: House): Promise<Map<string, Buffer>> => {
  const reader = await openObjectReader(house.objectStore);
  const found = new Map<string, Buffer>();
  try {
    for (let after: string | undefined; ; ) {
      const page = await reader.list({ after, limit: 1_000 });
      for (const { key } of page) {
        const pieces: Buffer[] = [];
        for await (const piece of (await reader.read(key)) ?? []) pieces.push(piece);
        found.set(key, Buffer.concat(pieces));
      }
      after = page.at(-1)?.key;
      if (after === undefined) return found;
    }
  } finally {
    await reader.close();
  }
};

/** Opens whatever can be opened: payload at rest, every record of the payload topic, every object. */
export const openEverything = async (house: House): Promise<Opened> => {
  const [keys, records, objects, items, raws] = await Promise.all([
    transitKeys(house),
    topicRecords(house, 'lethe.insight.payload.v1'),
    allObjects(house),
    itemRows(house),
    rawRows(house),
  ]);
  const rootKey = Buffer.from(house.secrets.atRestRootKey, 'hex');
  const sealed = records.map((value) => {
    const decoded = decodeSealedPayload(value);
    return decoded.ok ? openRecord(decoded.payload, keys, objects) : undefined;
  });
  const rawTexts = raws.map((row) => {
    const ciphertext = objects.get(row.object);
    return ciphertext && openAtRest(row, rootKey, 'raw', ciphertext);
  });
  const found = (place: Place, texts: readonly (Buffer | undefined)[]): Opened['texts'] =>
    texts.filter((text) => text !== undefined).map((text) => ({ place, text }));
  return {
    texts: [
      ...found(
        'item',
        items.map((row) => openAtRest(row, rootKey, 'payload', row.ciphertext)),
      ),
      ...found(
        'topic',
        sealed.map((one) => one?.payload),
      ),
      ...found('object', [...rawTexts, ...sealed.map((one) => one?.raw)]),
    ],
    items: items.length,
    records: records.length,
    objects: objects.size,
    transitKeys: keys.length,
  };
};
