const decimal = /^(?:0|[1-9]\d{0,15})$/;
const base64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** A decimal without sign or leading zero, below 2^53; undefined otherwise. */
export const parseCount = (text: string): number | undefined => {
  const value = decimal.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
};

/** Bytes of padded standard base64 without stray bits; undefined for any other spelling. */
export const parseBase64 = (text: string): Buffer | undefined => {
  if (!base64.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
};

/** Name of a key, which is also a log's origin: 1 to 255 bytes without spaces, control characters or plus. */
export const isKeyName = (name: string): boolean =>
  name.isWellFormed() && Buffer.byteLength(name) <= 255 && /^[^\s\p{Z}\p{Cc}+]+$/u.test(name);
