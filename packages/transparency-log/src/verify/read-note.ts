import { isName, readBase64, readText, type Text } from './text.js';
import { fail, type Verdict } from './verdict.js';

export interface ReadSignature {
  readonly name: string;
  readonly keyId: string;
  readonly signature: Buffer;
}

export interface ReadNote {
  readonly body: string;
  readonly signatures: readonly ReadSignature[];
}

const noteLengthMax = 131_072;
const signatureLinesMax = 64;

const readSignature = (line: string): ReadSignature | undefined => {
  const parts = line.split(' ');
  const [dash, name = '', encoded = ''] = parts;
  const bytes = parts.length === 3 && dash === '\u2014' ? readBase64(encoded) : undefined;
  if (!bytes || bytes.length < 5 || !isName(name)) return undefined;
  return { name, keyId: bytes.toString('hex', 0, 4), signature: bytes.subarray(4) };
};

/** Takes a signed note apart; nothing of it is trusted yet. */
export const readNote = (input: Text): Verdict<{ readonly note: ReadNote }> => {
  if (input.length > noteLengthMax) return fail('too_large');
  const text = readText(input);
  if (text === undefined) return fail('text_malformed');
  const blank = text.lastIndexOf('\n\n');
  if (blank < 1 || !text.endsWith('\n')) return fail('note_malformed');
  const lines = text.slice(blank + 2, -1).split('\n');
  if (lines.length > signatureLinesMax) return fail('too_large');
  const signatures: ReadSignature[] = [];
  for (const line of lines) {
    const signature = readSignature(line);
    if (!signature) return fail('note_malformed');
    signatures.push(signature);
  }
  return { ok: true, note: { body: text.slice(0, blank + 1), signatures } };
};
