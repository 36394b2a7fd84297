export type StoreErrorCode =
  | 'event_id_taken'
  | 'event_refused'
  | 'queue_full'
  | 'log_behind'
  | 'log_forked'
  | 'anchor_unavailable'
  | 'refused'
  | 'unavailable';

const codesOfSqlState: Readonly<Record<string, StoreErrorCode>> = {
  AUD01: 'refused',
  AUD02: 'refused',
  AUD03: 'refused',
  AUD04: 'refused',
  AUD06: 'refused',
  AUD07: 'refused',
  AUD08: 'refused',
  AUD09: 'refused',
  '42501': 'refused',
};

/** All that leaves the store of a failure of the database: a closed code and the SQLSTATE, never a statement or a value. */
export class StoreError extends Error {
  constructor(
    readonly reason: StoreErrorCode,
    readonly code: string,
  ) {
    super('the audit store failed');
    this.name = 'StoreError';
  }
}

const sqlStateOf = (thrown: unknown): string => {
  const code: unknown = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  if (typeof code === 'string' && /^[A-Z0-9_]{1,40}$/.test(code)) return code;
  return thrown instanceof Error && thrown.cause !== undefined ? sqlStateOf(thrown.cause) : '';
};

/** Runs one piece of database work; rejects with StoreError. */
export const atStoreEdge = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const code = sqlStateOf(error);
    throw new StoreError(codesOfSqlState[code] ?? 'unavailable', code);
  }
};
