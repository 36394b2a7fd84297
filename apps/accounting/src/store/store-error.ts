import { LetheError } from '@lethe/service-kit';

/**
 * Why the database did not do it, closed: `refused_value` is the record's fault and stays so, everything else may pass.
 */
export type StoreErrorKind = 'refused_value' | 'timeout' | 'unavailable' | 'failed';

/** An error of the database without its text, which can quote rows, statements and parameters. */
export class StoreError extends Error {
  /** The SQLSTATE or the driver's code, for the log. */
  readonly code: string;

  constructor(
    readonly kind: StoreErrorKind,
    code: string,
  ) {
    super('the database did not do it');
    this.name = 'StoreError';
    this.code = code;
  }
}

const codePattern = /^[A-Z0-9_]{2,40}$/;

const codeOf = (thrown: unknown, depth = 0): string | undefined => {
  if (typeof thrown !== 'object' || thrown === null || depth > 3) return undefined;
  if ('code' in thrown && typeof thrown.code === 'string' && codePattern.test(thrown.code))
    return thrown.code;
  return 'cause' in thrown ? codeOf(thrown.cause, depth + 1) : undefined;
};

/** The SQLSTATE (five characters) or driver code of anything a query threw; empty when there is none. */
export const sqlStateOf = (thrown: unknown): string => codeOf(thrown) ?? '';

/** The constraint a private SQLSTATE names; only for `known` names, so that nothing else gets through. */
export const constraintOf = <T extends string>(thrown: unknown, known: readonly T[]): T | undefined => {
  if (typeof thrown !== 'object' || thrown === null || !('constraint_name' in thrown)) return undefined;
  return known.find((name) => name === thrown.constraint_name);
};

const kindOf = (code: string): StoreErrorKind => {
  if (/^(22|23)...$/.test(code)) return 'refused_value';
  if (code === '57014' || code === '55P03') return 'timeout';
  if (/^(08|53|57).{3}$/.test(code) || /^(CONN|E[A-Z]+$)/.test(code)) return 'unavailable';
  return 'failed';
};

/** Reduces anything a query threw to a StoreError. */
export const storeErrorOf = (thrown: unknown): StoreError => {
  if (thrown instanceof StoreError) return thrown;
  const code = sqlStateOf(thrown);
  return new StoreError(kindOf(code), code);
};

/** Runs a query of the REST or gRPC side; what it throws becomes a closed code of ours. */
export const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LetheError) throw error;
    const { kind, code } = storeErrorOf(error);
    if (kind === 'unavailable') throw new LetheError('gateway.unavailable', null, { sqlState: code });
    if (kind === 'timeout') throw new LetheError('gateway.overloaded', null, { sqlState: code });
    throw new LetheError('gateway.internal', null, { sqlState: code });
  }
};
