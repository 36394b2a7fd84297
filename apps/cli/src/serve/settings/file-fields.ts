import { createPrivateKey, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { decodeJson } from '../../terminal/json-codec.js';
import { path } from './fields.js';
import { type FileProblem, fileProblems, readTextFile } from './read-file.js';

const secretBytesMax = 16 * 1024;
const pemBytesMax = 64 * 1024;
const jsonBytesMax = 1024 * 1024;

/** Wrong: words that complete a sentence, and a code for the log when it is another one than that of the form. */
type Decoded<T> = { readonly value: T } | { readonly words: string; readonly code?: FileProblem };

/** A setting that names a file; its value is what the file holds, decoded. */
const fileOf = <T>(bytesMax: number, decode: (text: string) => Decoded<T>) =>
  path.transform((name, context): T => {
    const read = readTextFile(name, bytesMax);
    const decoded: Decoded<T> =
      'problem' in read ? { words: fileProblems[read.problem], code: read.problem } : decode(read.text);
    if ('value' in decoded) return decoded.value;
    context.addIssue({
      code: 'custom',
      message: decoded.words,
      params: { code: decoded.code ?? 'malformed' },
    });
    return z.NEVER;
  });

/** A file with one line of a form. */
export const secretFile = (pattern: RegExp, form: string) =>
  fileOf(secretBytesMax, (text) => {
    const value = text.replace(/\r?\n$/, '');
    return pattern.test(value) ? { value } : { words: `names a file that does not hold ${form}` };
  });

/** A file with a line of a form for each of 1 to `linesMax` values, no value twice. */
export const secretLinesFile = (pattern: RegExp, form: string, linesMax: number) =>
  fileOf(secretBytesMax, (text): Decoded<readonly string[]> => {
    const value = text.trim().split(/\r?\n/);
    if (value.length > linesMax || !value.every((line) => pattern.test(line)))
      return { words: `names a file that does not hold ${form}, one a line, at most ${linesMax}` };
    return new Set(value).size === value.length ? { value } : { words: 'names a file that has a line twice' };
  });

/** The names of our own schema. A word that is none of them would be quoted from the file. */
const namesIn = (schema: unknown): readonly string[] => {
  if (schema instanceof z.ZodArray) return namesIn(schema.element);
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
};

const placeOf = (schema: z.ZodType, text: string): string => {
  const value = decodeJson(z.unknown(), text);
  const issue = value === undefined ? undefined : schema.safeParse(value).error?.issues[0];
  const names = namesIn(schema);
  const steps = (issue?.path ?? []).filter(
    (step) => typeof step === 'number' || names.includes(String(step)),
  );
  return steps.length === 0 ? '' : ` (see ${steps.map(String).join('.')})`;
};

/** A file with a JSON value. */
export const jsonFile = <S extends z.ZodType>(schema: S, form: string) =>
  fileOf(jsonBytesMax, (text): Decoded<z.infer<S>> => {
    const value = decodeJson(schema, text);
    if (value !== undefined) return { value };
    return { words: `names a file that does not hold ${form}${placeOf(schema, text)}` };
  });

/** A certificate with those that lead from it to its root, the certificate first; or a set of roots. */
export interface Certificates {
  readonly pem: string;
  readonly all: readonly [X509Certificate, ...X509Certificate[]];
}

const pemBlock = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]{1,20000}-----END CERTIFICATE-----/g;
const certificatesMax = 16;

const decodeCertificates = (pem: string): Decoded<Certificates> => {
  const words = 'names a file that does not hold certificates in PEM';
  const [first, ...rest] = pem.match(pemBlock) ?? [];
  if (first === undefined || rest.length >= certificatesMax) return { words };
  try {
    return {
      value: { pem, all: [new X509Certificate(first), ...rest.map((block) => new X509Certificate(block))] },
    };
  } catch {
    return { words };
  }
};

export const certificatesFile = fileOf(pemBytesMax, decodeCertificates);

export const privateKeyFile = fileOf(pemBytesMax, (pem): Decoded<string> => {
  try {
    createPrivateKey(pem);
    return { value: pem };
  } catch {
    return { words: 'names a file that does not hold a private key in PEM, without a passphrase' };
  }
});
