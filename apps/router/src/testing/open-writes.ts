import type { WriteEntry } from '@lethe/policy-sync';
import type { PayloadWrites } from '../policy/payload-writes.js';

/** For tests of what carries payload: lets pass what `may` allows, which is asked for every entry of every attempt. */
export const openWrites = <A extends WriteEntry = WriteEntry>(
  may: (entry: A) => boolean = () => true,
): PayloadWrites => ({
  write: (entries, { send }) => {
    const allowed = entries.filter((entry) => may(entry as WriteEntry as A));
    return {
      allowed,
      withheld: entries.filter((entry) => !allowed.includes(entry)),
      outcome: allowed.length === 0 ? Promise.resolve() : send(allowed),
    };
  },
});
