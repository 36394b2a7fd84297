import { createHmac } from 'node:crypto';
import type { WrapBinding } from '@lethe/sealed-payload';

/**
 * The key service that wraps private halves of transit keys. The database names the key in use; the service holds the
 * keys, and forgets one for ever when it is told to. Rejects with KeyServiceError.
 */
export interface TransitWrapping {
  /** Whether one process alone can hold these keys; otherwise replicas share them. */
  readonly sole: boolean;
  has(name: Buffer): Promise<boolean>;
  /** Makes a key and returns its name, 16 bytes. It is durable, as far as keys of this service are. */
  create(): Promise<Buffer>;
  /** undefined: there is no such key here. */
  wrap(name: Buffer, key: Buffer, binding: WrapBinding): Promise<Buffer | undefined>;
  /** undefined: there is no such key here. Throws SealedPayloadError open_failed. The caller wipes the result. */
  unwrap(name: Buffer, wrapped: Buffer, binding: WrapBinding): Promise<Buffer | undefined>;
  /** Destroys every key but this one. Called by whoever holds the vault's lock. */
  keepOnly(name: Buffer): Promise<void>;
  destroy(name: Buffer): Promise<void>;
}

/** The key service did not do it. Carries the code of the system's error and nothing else. */
export class KeyServiceError extends Error {
  constructor(readonly code: string) {
    super('the key service did not do it');
    this.name = 'KeyServiceError';
  }
}

export const wrappingKeyBytes = 32;
export const wrappingNameBytes = 16;

/** Names a wrapping key without telling anything of it. */
export const wrappingNameOf = (key: Buffer): Buffer =>
  createHmac('sha256', key).update('lethe/transit-key-name/v1').digest().subarray(0, wrappingNameBytes);
