import type { Actor } from './logging-change.js';
import { ownField } from './own-field.js';

/** A wish to enable ZDR. `confirmation` is what the admin typed, `slug` the organization's own. */
export interface ZdrEnable {
  readonly actor: Actor;
  readonly confirmation: string;
  readonly slug: string;
}

export type ZdrEnableDecision = 'allowed' | 'not_permitted' | 'confirmation_mismatch';

/** Only an admin enables ZDR, and only by typing the slug exactly. There is no counterpart that takes ZDR back. */
export function decideZdrEnable(wish: ZdrEnable): ZdrEnableDecision {
  if (ownField(wish, 'actor') !== 'admin') return 'not_permitted';
  const slug = ownField(wish, 'slug');
  if (typeof slug !== 'string' || slug.length === 0) return 'confirmation_mismatch';
  return ownField(wish, 'confirmation') === slug ? 'allowed' : 'confirmation_mismatch';
}
