/** Why a verification failed. A closed list: nothing of the input is in it. */
export type VerifyCode =
  | 'too_large'
  | 'text_malformed'
  | 'policy_invalid'
  | 'note_malformed'
  | 'signature_unknown'
  | 'signature_wrong'
  | 'checkpoint_malformed'
  | 'origin_differs'
  | 'quorum_missed'
  | 'proof_malformed'
  | 'entry_missing'
  | 'size_invalid'
  | 'index_invalid'
  | 'hash_malformed'
  | 'path_length_wrong'
  | 'root_differs'
  | 'read_failed'
  | 'tile_missing'
  | 'tile_malformed'
  | 'tile_differs'
  | 'bundle_missing'
  | 'bundle_malformed'
  | 'entry_differs';

export interface Failure {
  readonly ok: false;
  readonly code: VerifyCode;
  /** Where in the log, when that is known: a leaf (level 0, its index), a tile's hash, or a tree size. */
  readonly at?: { readonly level?: number; readonly index?: number; readonly size?: number };
}

/** Success with its facts, or a failure with a closed code. Verification never throws on hostile input. */
export type Verdict<Facts = unknown> = ({ readonly ok: true } & Facts) | Failure;

export const fail = (code: VerifyCode, at?: NonNullable<Failure['at']>): Failure =>
  at === undefined ? { ok: false, code } : { ok: false, code, at };
