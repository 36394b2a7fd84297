/** Anything a file or a response can hold: bytes, or text that was decoded elsewhere. */
export type Text = string | Uint8Array;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const maxKeyNameBytes = 255;

const decode = (input: Text): string | undefined => {
  if (typeof input === 'string') return input.isWellFormed() ? input : undefined;
  try {
    return utf8.decode(input);
  } catch {
    return undefined;
  }
};

/** Text without control characters but newline; undefined when it is anything else. The size is checked before. */
export const readText = (input: Text): string | undefined => {
  const text = decode(input);
  if (text === undefined) return undefined;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if ((code < 0x20 && code !== 0x0a) || (code >= 0x7f && code < 0xa0)) return undefined;
  }
  return text;
};

/** A whole number below 2^53 in its only decimal spelling. */
export const readCount = (text: string): number | undefined => {
  if (text.length === 0 || text.length > 16) return undefined;
  let value = 0;
  for (const digit of text) {
    if (digit < '0' || digit > '9') return undefined;
    value = value * 10 + (digit.charCodeAt(0) - 48);
  }
  return String(value) === text && value <= Number.MAX_SAFE_INTEGER ? value : undefined;
};

/** Bytes of standard base64 in its only spelling; at least one byte. */
export const readBase64 = (text: string): Buffer | undefined => {
  if (text.length === 0 || text.length % 4 !== 0) return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length > 0 && bytes.toString('base64') === text ? bytes : undefined;
};

/** A SHA-256 hash in base64. */
export const readHash = (text: string): Buffer | undefined => {
  const bytes = text.length === 44 ? readBase64(text) : undefined;
  return bytes?.length === 32 ? bytes : undefined;
};

/** Whether a text can name a key or a log. */
export const isName = (text: string): boolean =>
  text.length > 0 && Buffer.byteLength(text) <= maxKeyNameBytes && !/[+\s\p{Z}\p{C}]/u.test(text);
