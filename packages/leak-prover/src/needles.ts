import { createHash } from 'node:crypto';
import type { Canary } from './canary.js';

/** One byte sequence that would betray a canary. */
export interface Needle {
  readonly canary: Canary;
  readonly encoding: string;
  readonly bytes: Buffer;
}

/** Every run of this many characters of the core counts: some error texts quote only about ten. */
export const FRAGMENT_CHARACTERS = 8;

type Encoder = (text: string) => readonly Buffer[];

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const reversed = (text: string): string => [...text].reverse().join('');
const bothCases = (text: string): Buffer[] => [latin1(text.toLowerCase()), latin1(text.toUpperCase())];

/** Each character as `\uXXXX`, behind as many backslashes as `times` escapings leave. */
const unicodeEscaped =
  (times: number): Encoder =>
  (text) => {
    const slashes = '\\'.repeat(2 ** (times - 1));
    const hex = (character: string): string => character.charCodeAt(0).toString(16).padStart(4, '0');
    const lower = [...text].map((character) => `${slashes}u${hex(character)}`).join('');
    const upper = [...text].map((character) => `${slashes}u${hex(character).toUpperCase()}`).join('');
    return [latin1(lower), latin1(upper)];
  };

const percentEncoded =
  (times: number): Encoder =>
  (text) => {
    const sign = `%${'25'.repeat(times - 1)}`;
    const encode = (upper: boolean): string =>
      [...latin1(text)]
        .map((byte) => byte.toString(16).padStart(2, '0'))
        .map((hex) => `${sign}${upper ? hex.toUpperCase() : hex}`)
        .join('');
    return [latin1(encode(false)), latin1(encode(true))];
  };

/** The characters that stay the same at each of the three alignments, whatever stands before and after. */
const base64: Encoder = (text) =>
  [0, 1, 2].flatMap((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), latin1(text)]).toString('base64');
    const start = shift === 0 ? 0 : 4;
    const end = Math.floor((shift + text.length) / 3) * 4;
    const stable = encoded.slice(start, end);
    return [latin1(stable), latin1(stable.replaceAll('+', '-').replaceAll('/', '_'))];
  });

const digests: Encoder = (text) =>
  ['sha256', 'md5'].flatMap((algorithm) => {
    const digest = createHash(algorithm).update(text).digest();
    const encoded = [digest.toString('base64').replace(/=+$/, ''), digest.toString('base64url')];
    return [digest, ...bothCases(digest.toString('hex')), ...encoded.map(latin1)];
  });

/** Looked for as the whole text and as each half of the core, so that a cut copy is found too. */
const transforms: Readonly<Record<string, Encoder>> = {
  'JSON escaped once': unicodeEscaped(1),
  'JSON escaped twice': unicodeEscaped(2),
  'JSON escaped three times': unicodeEscaped(3),
  'percent-encoded': percentEncoded(1),
  'percent-encoded twice': percentEncoded(2),
  base64,
  hex: (text) => bothCases(latin1(text).toString('hex')),
  'UTF-16LE': (text) => [Buffer.from(text, 'utf16le')],
  'UTF-16BE': (text) => [Buffer.from(text, 'utf16le').swap16()],
  reversed: (text) => [latin1(reversed(text))],
};

const halvesOf = (core: string): string[] =>
  core === '' ? [] : [core.slice(0, core.length / 2), core.slice(core.length / 2)];

const fragmentsOf = (core: string): Buffer[] => {
  const fragments: Buffer[] = [];
  for (let start = 0; start + FRAGMENT_CHARACTERS <= core.length; start += 1)
    fragments.push(...bothCases(core.slice(start, start + FRAGMENT_CHARACTERS)));
  return fragments;
};

const uuidBytes = (core: string): Buffer[] => {
  const hex = core.replaceAll('-', '');
  return hex.length === 32 ? [Buffer.from(hex, 'hex')] : [];
};

const unique = (buffers: readonly Buffer[]): Buffer[] => [
  ...new Map(buffers.map((bytes) => [bytes.toString('latin1'), bytes])).values(),
];

/** All that is looked for on behalf of one canary. `fragment` needles are verified by the searcher. */
export const needlesOf = (planted: Canary): Needle[] => {
  const needle = (encoding: string, buffers: readonly Buffer[]): Needle[] =>
    unique(buffers).map((bytes) => ({ canary: planted, encoding, bytes }));
  const whole = [planted.text, ...halvesOf(planted.core)];
  return [
    ...needle('plain', [latin1(planted.text), ...bothCases(planted.text)]),
    ...needle('fragment', fragmentsOf(planted.core)),
    ...Object.entries(transforms).flatMap(([name, encode]) => needle(name, whole.flatMap(encode))),
    ...needle('UUID bytes', uuidBytes(planted.core)),
    ...needle('digest', [planted.text, planted.core].filter((text) => text !== '').flatMap(digests)),
  ];
};

/** Every encoding by name with one way to write the canary in it: what a self-test plants. */
export const encodedForms = (planted: Canary): { readonly encoding: string; readonly bytes: Buffer }[] => {
  const { text, core } = planted;
  const padded = (shift: number): Buffer =>
    latin1(Buffer.from(`${'x'.repeat(shift)}${text}tail`).toString('base64'));
  return [
    { encoding: 'plain', bytes: latin1(text) },
    { encoding: 'upper case', bytes: latin1(text.toUpperCase()) },
    { encoding: 'fragment', bytes: latin1(`"…${core.slice(11, 21)}"…`) },
    ...Object.entries(transforms)
      .filter(([encoding]) => encoding !== 'base64')
      .map(([encoding, encode]) => ({ encoding, bytes: encode(text).at(-1) as Buffer })),
    ...[0, 1, 2].map((shift) => ({ encoding: `base64 shifted by ${shift}`, bytes: padded(shift) })),
    { encoding: 'UUID bytes', bytes: Buffer.from(core.replaceAll('-', ''), 'hex') },
    ...['sha256', 'md5'].map((algorithm) => ({
      encoding: algorithm,
      bytes: createHash(algorithm).update(text).digest(),
    })),
  ];
};
