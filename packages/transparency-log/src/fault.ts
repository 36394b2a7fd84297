export type LogFaultCode =
  | 'size_invalid'
  | 'index_invalid'
  | 'hash_invalid'
  | 'frontier_invalid'
  | 'node_missing'
  | 'entry_too_long'
  | 'tile_invalid'
  | 'name_invalid'
  | 'seed_invalid'
  | 'key_invalid'
  | 'note_invalid'
  | 'proof_invalid';

/** The writer was called wrongly, or its store lacks what the tree needs. Carries a closed code and no value. */
export class TransparencyLogFault extends Error {
  constructor(readonly code: LogFaultCode) {
    super(`transparency log: ${code}`);
    this.name = 'TransparencyLogFault';
  }
}

/** Throws `code` unless the condition holds. */
export function must(condition: boolean, code: LogFaultCode): asserts condition {
  if (!condition) throw new TransparencyLogFault(code);
}

/** A tree size or leaf index: a whole number from 0 to 2^53 - 1. */
export const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
