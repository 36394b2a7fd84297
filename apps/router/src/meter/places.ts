import { standsAt } from './words.js';

/** The counts a usage object may hold, by whatever names providers give them. */
export type CountName = 'input' | 'output' | 'total' | 'cached' | 'cacheWrite' | 'reasoning';

export type Counts = Partial<Record<CountName, number>>;

/** A string whose closed value is noted: see Noted. */
export type Mark = 'finish' | 'type' | 'status' | 'reason' | 'itemType' | 'object';

/** What the value of a key means: a place further in, a count, a mark, or that there was an error. */
export interface Meaning {
  readonly object?: Place;
  readonly array?: Place;
  readonly count?: CountName;
  readonly mark?: Mark;
  readonly error?: true;
}

interface KnownKey {
  readonly bytes: Buffer;
  readonly meaning: Meaning;
}

/** Where in a document a value stands, in as far as it matters there. */
export interface Place {
  /** By their length, so that a key is compared with one or two of them only. */
  readonly keys: readonly (readonly KnownKey[] | undefined)[];
  /** Of an array: where its objects stand. */
  readonly item: Place | undefined;
  readonly role: 'usage' | 'groqUsage' | 'choice' | undefined;
}

type Keys = Readonly<Record<string, Meaning>>;
const keyLengthMax = 40;
const place = (keys: Keys, role?: Place['role']): Place => {
  // Filled to its end, so that asking for a length never goes past it.
  const byLength = Array.from({ length: keyLengthMax + 1 }, (): KnownKey[] | undefined => undefined);
  for (const [key, meaning] of Object.entries(keys)) {
    const same = byLength[key.length] ?? [];
    same.push({ bytes: Buffer.from(key), meaning });
    byLength[key.length] = same;
  }
  return { keys: byLength, item: undefined, role };
};
const arrayOf = (item: Place): Place => ({ keys: [], item, role: undefined });

const inputDetails = place({
  cached_tokens: { count: 'cached' },
  cache_write_tokens: { count: 'cacheWrite' },
  caching_tokens: { count: 'cacheWrite' },
});
const outputDetails = place({ reasoning_tokens: { count: 'reasoning' } });
const completionUsage: Keys = {
  prompt_tokens: { count: 'input' },
  completion_tokens: { count: 'output' },
  total_tokens: { count: 'total' },
  prompt_tokens_details: { object: inputDetails },
  completion_tokens_details: { object: outputDetails },
  prompt_cache_hit_tokens: { count: 'cached' },
  cached_tokens: { count: 'cached' },
  cache_read_input_tokens: { count: 'cached' },
  cache_creation_input_tokens: { count: 'cacheWrite' },
  reasoning_tokens: { count: 'reasoning' },
};

/** A chat completion or legacy completion, a chunk of one, or an answer with embeddings. */
export const completionPlaces: Place = place({
  choices: { array: arrayOf(place({ finish_reason: { mark: 'finish' } }, 'choice')) },
  usage: { object: place(completionUsage, 'usage') },
  x_groq: { object: place({ usage: { object: place(completionUsage, 'groqUsage') } }) },
  error: { error: true },
  // Some servers say {"object":"error","message":…} and nothing of an `error` field.
  object: { mark: 'object' },
});

const responseKeys: Keys = {
  status: { mark: 'status' },
  incomplete_details: { object: place({ reason: { mark: 'reason' } }) },
  output: { array: arrayOf(place({ type: { mark: 'itemType' } })) },
  usage: {
    object: place(
      {
        input_tokens: { count: 'input' },
        output_tokens: { count: 'output' },
        total_tokens: { count: 'total' },
        input_tokens_details: { object: inputDetails },
        output_tokens_details: { object: outputDetails },
      },
      'usage',
    ),
  },
  error: { error: true },
};

/** A Responses object, or an event of its stream, which holds one under `response`. */
export const responsePlaces: Place = place({
  ...responseKeys,
  type: { mark: 'type' },
  response: { object: place(responseKeys) },
});

const messageUsage: Meaning = {
  object: place(
    {
      input_tokens: { count: 'input' },
      output_tokens: { count: 'output' },
      cache_read_input_tokens: { count: 'cached' },
      cache_creation_input_tokens: { count: 'cacheWrite' },
      output_tokens_details: { object: place({ thinking_tokens: { count: 'reasoning' } }) },
    },
    'usage',
  ),
};

/** An Anthropic message, or an event of its stream. */
export const messagePlaces: Place = place({
  type: { mark: 'type' },
  stop_reason: { mark: 'finish' },
  usage: messageUsage,
  message: { object: place({ stop_reason: { mark: 'finish' }, usage: messageUsage }) },
  delta: { object: place({ stop_reason: { mark: 'finish' } }) },
  error: { error: true },
});

/** What a key, given as bytes [start, start + length), means at a place. */
export const meaningOf = (at: Place, bytes: Buffer, start: number, length: number): Meaning | undefined => {
  const same = length <= keyLengthMax ? at.keys[length] : undefined;
  if (same === undefined) return undefined;
  for (const known of same) if (standsAt(known.bytes, bytes, start)) return known.meaning;
  return undefined;
};
