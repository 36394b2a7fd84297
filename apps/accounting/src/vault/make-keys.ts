import { randomBytes } from 'node:crypto';
import { newUuidV7, type OrgId, type Uuid, uuidBytes } from '@lethe/contracts';
import { generateTransitKeyPair, unwrapKey, type WrapBinding, wrapKey } from '@lethe/sealed-payload';
import type { TransitWrapping } from './transit-wrapping.js';
import type { WrappingKeys } from './wrapping-keys.js';

/** A new pair whose private half exists wrapped only. */
export interface NewTransitKey {
  readonly transitKeyId: Uuid;
  readonly publicKey: Buffer;
  readonly wrappedPrivate: Buffer;
}

type AtRestKeys = Pick<WrappingKeys, 'atRestRoot'>;

const atRestKeyBytes = 32;

/** What the private half of a transit key is wrapped for. */
export const transitWrap = (orgId: OrgId, transitKeyId: Uuid): WrapBinding => ({
  purpose: 'transit_private_key',
  orgId: uuidBytes(orgId),
  objectId: uuidBytes(transitKeyId),
  keyVersion: 0,
});

/** What an organization's at-rest key is wrapped for; `version` is its own. */
const atRestWrap = (orgId: OrgId, version: number): WrapBinding => ({
  purpose: 'at_rest_key',
  orgId: uuidBytes(orgId),
  objectId: Buffer.from(String(version)),
  keyVersion: 0,
});

/** Makes an organization's transit pair, wrapped by the key `by` names. undefined: that key was replaced meanwhile. */
export const makeTransitKey = async (
  wrapping: TransitWrapping,
  by: Buffer,
  orgId: OrgId,
): Promise<NewTransitKey | undefined> => {
  const transitKeyId = newUuidV7();
  const { publicKey, privateKey } = generateTransitKeyPair();
  try {
    const wrappedPrivate = await wrapping.wrap(by, privateKey, transitWrap(orgId, transitKeyId));
    return wrappedPrivate === undefined ? undefined : { transitKeyId, publicKey, wrappedPrivate };
  } finally {
    privateKey.fill(0);
  }
};

/** Makes an organization's at-rest key, wrapped by the root key. */
export const makeAtRestKey = (keys: AtRestKeys, orgId: OrgId, version: number): Buffer => {
  const key = randomBytes(atRestKeyBytes);
  try {
    return wrapKey(key, keys.atRestRoot, atRestWrap(orgId, version));
  } finally {
    key.fill(0);
  }
};

/** An at-rest key as the database holds it. */
export interface WrappedAtRestKey {
  readonly orgId: OrgId;
  readonly version: number;
  readonly wrapped: Buffer;
}

/** Hands an organization's at-rest key to `use` and wipes it afterwards. Throws SealedPayloadError. */
export const withAtRestKey = <T>(keys: AtRestKeys, key: WrappedAtRestKey, use: (key: Buffer) => T): T => {
  const plain = unwrapKey(key.wrapped, keys.atRestRoot, atRestWrap(key.orgId, key.version));
  try {
    return use(plain);
  } finally {
    plain.fill(0);
  }
};
