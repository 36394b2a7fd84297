import type { ModelRequest } from '../model-request.js';
import type { Random } from '../random.js';

const NATURAL_TOKENS_LEAST = 20;
const NATURAL_TOKENS_SPREAD = 140;
/** About 400 KB: no request makes this provider write more in one choice. */
const TOKENS_MAX = 100_000;

const OPENERS = [
  'Quietly',
  'At dusk',
  'In short',
  'Naïvely',
  'By noon',
  'Somewhere',
  'All told',
  'Über Nacht',
] as const;
const NOUNS = [
  'river',
  'lantern',
  'café',
  'archive',
  'harbour',
  'señal',
  'orchard',
  'письмо',
  '東京',
  'comet',
] as const;
const VERBS = [
  'forgets',
  'carries',
  'answers',
  'outlives',
  'borrows',
  'measures',
  'folds',
  'awaits',
] as const;
const ENDS = ['.', '.', '.', ' — again.', '!', ' 🌿.', '?'] as const;

const sentence = (random: Random): string =>
  `${random.pick(OPENERS)} the ${random.pick(NOUNS)} ${random.pick(VERBS)} the ${random.pick(NOUNS)}${random.pick(ENDS)}`;

/** Meaningless text in whole sentences, of at least `tokens` tokens; it holds characters of one to four bytes. */
export function sentencesOf(tokens: number, random: Random): string {
  const bytesWanted = tokens * 4;
  const sentences: string[] = [];
  for (let bytes = 0; bytes < bytesWanted; ) {
    const next = sentence(random);
    sentences.push(next);
    bytes += Buffer.byteLength(next) + 1;
  }
  return sentences.join(' ');
}

/**
 * The text of `chat`: whole sentences, some 20 to 170 tokens of them, or enough to overflow the request's token limit
 * when there is one, so that such an answer is as long as the limit says (up to 100,000 tokens).
 */
export function pseudoText(request: ModelRequest, random: Random): string {
  const natural = NATURAL_TOKENS_LEAST + random.below(NATURAL_TOKENS_SPREAD);
  return sentencesOf(
    Math.min(request.tokensMax === null ? natural : request.tokensMax + 1, TOKENS_MAX),
    random,
  );
}
