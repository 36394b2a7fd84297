import { isAbsolute } from 'node:path';
import { z } from 'zod';

/** What a person must know of a setting. The reference page is made of this and of the schemas. */
export interface SettingFacts {
  readonly what: string;
  /** What its text looks like. */
  readonly form: string;
  /** Whether the value, or the file it names, must be kept from others. */
  readonly secret: boolean;
  /** Words for a default that is no constant. */
  readonly fallback?: string;
}

export const settingFacts = z.registry<SettingFacts>();

/** The setting with what is to be known of it; a copy, as several settings may have one form. */
export const setting = <S extends z.ZodType>(schema: S, facts: SettingFacts): S => {
  const own = schema.clone() as S;
  settingFacts.add(own, facts);
  return own;
};

const unset = 'is not set';

/** A variable's text of one form. `words` complete the sentence that begins with its name and never quote it. */
export const text = (pattern: RegExp, words: string) => z.string({ error: unset }).regex(pattern, words);

export const wholeNumber = (min: number, max: number) => {
  const words = `must be a whole number from ${min} to ${max}`;
  return text(/^\d{1,10}$/, words)
    .transform(Number)
    .refine((value) => value >= min && value <= max, words);
};

export const port = wholeNumber(1, 65_535);

const isPort = (digits: string): boolean => Number(digits) >= 1 && Number(digits) <= 65_535;
const isAddress = (address: string): boolean => {
  const [, digits] = /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):(\d{1,5})$/.exec(address) ?? [];
  return digits !== undefined && isPort(digits);
};

/** `host:port`, as gRPC's clients take it. */
export const address = z.string({ error: unset }).refine(isAddress, 'must be <host>:<port>');

const addressesMax = 64;

export const addresses = z
  .string({ error: unset })
  .transform((list) => list.split(',').map((part) => part.trim()))
  .refine(
    (list) => list.length <= addressesMax && list.every(isAddress),
    'must be a list of <host>:<port>, separated by commas',
  );

export const host = text(/^[A-Za-z0-9._:-]{1,253}$/, 'must be a host name or an address');
export const identifier = text(
  /^[A-Za-z0-9._:-]{1,64}$/,
  'must be 1 to 64 of the characters A-Z a-z 0-9 . _ : -',
);
export const sha256Hex = text(/^[0-9a-f]{64}$/, 'must be a SHA-256 in 64 lower-case hexadecimal digits');

const isHttps = (url: string): boolean => {
  if (!URL.canParse(url)) return false;
  const { protocol, username, password, search } = new URL(url);
  return protocol === 'https:' && username === '' && password === '' && search === '';
};
export const httpsUrl = z
  .string({ error: unset })
  .max(2048, 'is too long')
  .refine(isHttps, 'must be an https:// URL without a user, a password or a query');

export const choice = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, {
    error: ({ input }) => (input === undefined ? unset : `must be ${values.join(' or ')}`),
  });

/** The path of a file or a folder. */
export const path = z
  .string({ error: unset })
  .max(4096, 'is too long')
  .refine((value) => isAbsolute(value) && !value.includes('\0'), 'must be an absolute path');
