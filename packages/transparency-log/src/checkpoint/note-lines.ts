import { isKeyName, parseBase64 } from './text.js';

/** One signature of a note, not yet verified. */
export interface SignatureLine {
  /** As it stands in the note, with its newline. */
  readonly line: string;
  readonly name: string;
  /** 8 lower-case hex digits. */
  readonly keyId: string;
  readonly signature: Buffer;
}

export interface SplitNote {
  /** What is signed, with its final newline. */
  readonly body: string;
  readonly signatures: readonly SignatureLine[];
}

export const noteCharsMax = 131_072;
export const signaturesMax = 64;
const dash = '— ';

export const formatSignatureLine = (name: string, keyId: string, signature: Uint8Array): string =>
  `${dash}${name} ${Buffer.concat([Buffer.from(keyId, 'hex'), signature]).toString('base64')}\n`;

/** Text of a note or a part of one: whole characters, no control character but newline. */
const isNoteText = (text: string): boolean => text.isWellFormed() && !/[^\P{Cc}\n]/u.test(text);

/** 1 to 64 signature lines, each ending in newline; undefined when one of them is anything else. */
export const parseSignatureLines = (text: string): SignatureLine[] | undefined => {
  if (text.length > noteCharsMax || !text.endsWith('\n') || !isNoteText(text)) return undefined;
  const lines = text.slice(0, -1).split('\n', signaturesMax + 1);
  if (lines.length > signaturesMax) return undefined;
  const signatures: SignatureLine[] = [];
  for (const line of lines) {
    const [name = '', encoded = '', ...rest] = line.slice(dash.length).split(' ', 3);
    const bytes = parseBase64(encoded);
    if (!line.startsWith(dash) || rest.length > 0 || !isKeyName(name) || !bytes || bytes.length < 5)
      return undefined;
    const keyId = bytes.toString('hex', 0, 4);
    signatures.push({ line: `${line}\n`, name, keyId, signature: bytes.subarray(4) });
  }
  return signatures;
};

/** Body and signatures of a note, split at its last empty line; undefined when it is not one. */
export const splitNote = (text: string): SplitNote | undefined => {
  if (text.length > noteCharsMax || !isNoteText(text)) return undefined;
  const at = text.lastIndexOf('\n\n');
  const signatures = at < 0 ? undefined : parseSignatureLines(text.slice(at + 2));
  return signatures && { body: text.slice(0, at + 1), signatures };
};
