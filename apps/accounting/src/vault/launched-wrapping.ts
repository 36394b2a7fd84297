import { randomBytes } from 'node:crypto';
import { unwrapKey, wrapKey } from '@lethe/sealed-payload';
import { type TransitWrapping, wrappingKeyBytes, wrappingNameOf } from './transit-wrapping.js';

/**
 * Keys in the memory of this process and nowhere else: the first came through the launcher's pipe, each later one is
 * made here. They end with the process.
 */
export const createLaunchedWrapping = (handedOver: Buffer): TransitWrapping => {
  const held = new Map<string, Buffer>();
  const idOf = (name: Buffer): string => name.toString('hex');
  const hold = (key: Buffer): Buffer => {
    const name = wrappingNameOf(key);
    held.set(idOf(name), key);
    return name;
  };
  const destroy = (id: string): void => {
    held.get(id)?.fill(0);
    held.delete(id);
  };
  let first: Buffer | undefined = hold(Buffer.from(handedOver));
  return {
    sole: true,
    has: async (name) => held.has(idOf(name)),
    create: async () => {
      const unused = first;
      first = undefined;
      return unused !== undefined && held.has(idOf(unused)) ? unused : hold(randomBytes(wrappingKeyBytes));
    },
    wrap: async (name, key, binding) => {
      const by = held.get(idOf(name));
      return by === undefined ? undefined : wrapKey(key, by, binding);
    },
    unwrap: async (name, wrapped, binding) => {
      const by = held.get(idOf(name));
      return by === undefined ? undefined : unwrapKey(wrapped, by, binding);
    },
    keepOnly: async (name) => {
      if (first?.equals(name)) first = undefined;
      for (const id of [...held.keys()])
        if (id !== idOf(name) && (first === undefined || id !== idOf(first))) destroy(id);
    },
    destroy: async (name) => destroy(idOf(name)),
  };
};
