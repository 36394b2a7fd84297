import type { AuditDatabase } from './database.js';
import { state } from './schema.js';

/** Whether an event could be appended now. */
export const isStoreReady = async ({ db }: AuditDatabase): Promise<boolean> => {
  try {
    return (await db.select({ size: state.size }).from(state)).length === 1;
  } catch {
    return false;
  }
};
