import { type Json, listOr } from '../json-codec.js';
import { countTokens } from '../tokens.js';

/** One text to work on, given as such or as token numbers. */
export interface TextInput {
  readonly text: string;
  readonly tokens: number;
}

/**
 * Reads what legacy completions call `prompt` and embeddings call `input`: a text, texts, token numbers or lists of
 * them. Undefined for anything else, empty lists and more than `most` entries included.
 */
export function readTextInputs(value: Json | undefined, most: number): TextInput[] | undefined {
  if (typeof value === 'string') return [{ text: value, tokens: countTokens(value) }];
  const list = listOr(value);
  const asTokens = readTokens(value);
  if (asTokens !== undefined) return [asTokens];
  if (list.length === 0 || list.length > most) return undefined;
  const inputs = list.map(readEntry);
  return inputs.every((input) => input !== undefined) ? inputs : undefined;
}

const readEntry = (entry: Json): TextInput | undefined =>
  typeof entry === 'string' ? { text: entry, tokens: countTokens(entry) } : readTokens(entry);

/** Token numbers stand for a text of the same numbers. */
function readTokens(value: Json | undefined): TextInput | undefined {
  const list = listOr(value);
  if (list.length === 0 || !list.every((entry) => Number.isSafeInteger(entry))) return undefined;
  return { text: list.join(' '), tokens: list.length };
}
