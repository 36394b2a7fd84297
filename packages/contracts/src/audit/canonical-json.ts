/** A JSON value without floats that differ between writers: what audit events are made of. */
export type CanonicalValue =
  | string
  | number
  | boolean
  | null
  | readonly CanonicalValue[]
  | { readonly [key: string]: CanonicalValue };

/** A value that has no canonical form (NaN, a lone surrogate, an integer beyond 2^53). */
export class NotCanonicalError extends Error {
  constructor() {
    super('value has no canonical JSON form');
  }
}

/** RFC 8785 (JCS): keys sorted by UTF-16 code units, ECMAScript numbers, no white space. Throws NotCanonicalError. */
export const canonicalJson = (value: CanonicalValue): string => {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))
      throw new NotCanonicalError();
    return JSON.stringify(value);
  }
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new NotCanonicalError();
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const object = value as { readonly [key: string]: CanonicalValue };
  const members = Object.keys(object)
    .sort()
    .map((key) => `${canonicalJson(key)}:${canonicalJson(object[key] as CanonicalValue)}`);
  return `{${members.join(',')}}`;
};
