import { randomUUID } from 'node:crypto';

/** A unique text planted in one place, so that a hit names its cause. */
export interface Canary {
  /** Where it was planted: `zdr/stream/prompt`. */
  readonly place: string;
  /** What is planted, `ZDR-CANARY-<uuid>`: 47 characters that any bounded identifier may hold. */
  readonly text: string;
  /** The part of which fragments count as well. */
  readonly core: string;
}

export const canary = (place: string): Canary => {
  const core = randomUUID();
  return { place, text: `ZDR-CANARY-${core}`, core };
};

/** A credential that must not be found either. It is searched whole: its parts are nobody's content. */
export const credentialCanary = (place: string, secret: string): Canary => ({
  place,
  text: secret,
  core: '',
});

/** The canary between characters that every escaping changes: quote, backslash, line break, é, and one above U+FFFF. */
export const awkward = ({ text }: Canary): string => `"${text}"\\${text}\né${text}\u{1D50A}`;
