import type { CountName } from './usage-reader-counts.js';

/** Where in a chat completion, or a chunk of one, a value stands. Everything not listed is `elsewhere`. */
export type Place =
  | 'elsewhere'
  | 'root'
  | 'choices'
  | 'choice'
  | 'usage'
  | 'inputDetails'
  | 'outputDetails'
  | 'groq'
  | 'groqUsage';

/** What the value of a key means: a place further in, a count, or one of the marks. */
export interface Meaning {
  readonly object?: Place;
  readonly array?: Place;
  readonly count?: CountName;
  readonly mark?: 'finish' | 'error' | 'object';
}

interface KnownKey {
  readonly bytes: Buffer;
  readonly meaning: Meaning;
}

const inputDetails: Readonly<Record<string, Meaning>> = {
  cached_tokens: { count: 'cached' },
  cache_write_tokens: { count: 'cacheWrite' },
  caching_tokens: { count: 'cacheWrite' },
};
const outputDetails: Readonly<Record<string, Meaning>> = { reasoning_tokens: { count: 'reasoning' } };
const usage: Readonly<Record<string, Meaning>> = {
  prompt_tokens: { count: 'input' },
  completion_tokens: { count: 'output' },
  total_tokens: { count: 'total' },
  prompt_tokens_details: { object: 'inputDetails' },
  completion_tokens_details: { object: 'outputDetails' },
  prompt_cache_hit_tokens: { count: 'cached' },
  cached_tokens: { count: 'cached' },
  cache_read_input_tokens: { count: 'cached' },
  cache_creation_input_tokens: { count: 'cacheWrite' },
  reasoning_tokens: { count: 'reasoning' },
};

const meanings: Readonly<Record<Place, Readonly<Record<string, Meaning>>>> = {
  elsewhere: {},
  root: {
    choices: { array: 'choices' },
    usage: { object: 'usage' },
    x_groq: { object: 'groq' },
    error: { mark: 'error' },
    object: { mark: 'object' },
  },
  choices: {},
  choice: { finish_reason: { mark: 'finish' } },
  usage,
  inputDetails,
  outputDetails,
  groq: { usage: { object: 'groqUsage' } },
  groqUsage: usage,
};

const knownKeys = Object.fromEntries(
  Object.entries(meanings).map(([place, keys]) => [
    place,
    Object.entries(keys).map(([key, meaning]) => ({ bytes: Buffer.from(key), meaning })),
  ]),
) as unknown as Readonly<Record<Place, readonly KnownKey[]>>;

/** True when a place has keys worth reading. */
export const hasKnownKeys = (place: Place): boolean => knownKeys[place].length > 0;

/** What a key, given as bytes [0, length), means at a place. */
export const meaningOf = (place: Place, bytes: Buffer, length: number): Meaning | undefined => {
  for (const known of knownKeys[place]) {
    if (known.bytes.length === length && known.bytes.compare(bytes, 0, length) === 0) return known.meaning;
  }
  return undefined;
};
