import type { ControlStore } from '../store/control-store.js';
import { withAtRestKey } from './make-keys.js';
import type { WrappingKeys } from './wrapping-keys.js';

/** The root key does not open what is stored: it is not the one this database was written with. */
export class RootKeyMismatchError extends Error {
  constructor() {
    super('atRestRootKey does not fit this database');
    this.name = 'RootKeyMismatchError';
  }
}

/** Checks the root key against one stored key before anything is written with it. Throws RootKeyMismatchError. */
export const checkRootKey = async (
  store: Pick<ControlStore, 'anyAtRestKey'>,
  keys: Pick<WrappingKeys, 'atRestRoot'>,
): Promise<void> => {
  const stored = await store.anyAtRestKey();
  if (stored === undefined) return;
  try {
    withAtRestKey(keys, stored, () => undefined);
  } catch {
    throw new RootKeyMismatchError();
  }
};
