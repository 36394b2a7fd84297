import type { JsonObject } from '../json-codec.js';
import type { ModelRequest } from '../model-request.js';
import type { Random } from '../random.js';
import { firstTokens } from '../tokens.js';
import type { Choice, TextPart } from './answer.js';

const PIECE_CHARACTERS_MAX = 8;
/** Texts longer than this are cut into proportionally larger pieces, so that one answer has a bounded number. */
const SMALL_PIECES_TEXT_MAX = 32_768;

/** Cuts a text into pieces of 1 to 8 UTF-16 units (larger for very long texts), never inside a surrogate pair. */
export function* piecesOf(text: string, random: Random): Generator<string> {
  const scale = Math.max(1, Math.ceil(text.length / SMALL_PIECES_TEXT_MAX));
  let start = 0;
  while (start < text.length) {
    let end = start + (1 + random.below(PIECE_CHARACTERS_MAX)) * scale;
    const last = text.charCodeAt(end - 1);
    if (last >= 0xd800 && last <= 0xdbff) end = end - 1 > start ? end - 1 : end + 1;
    yield text.slice(start, end);
    start = end;
  }
}

type Limited = { readonly text: string } & Pick<Choice, 'finishReason' | 'stopSequence'>;

/** Applies the stop sequences and the token limit to a text, and says which of them ended it. */
export function limitText(text: string, request: ModelRequest): Limited {
  let end = text.length;
  let stopSequence: string | null = null;
  for (const stop of request.stops) {
    const position = text.indexOf(stop);
    if (position < 0 || position >= end) continue;
    end = position;
    stopSequence = stop;
  }
  const stopped = text.slice(0, end);
  const cut = request.tokensMax === null ? stopped : firstTokens(stopped, request.tokensMax);
  if (cut.length < stopped.length) return { text: cut, finishReason: 'length', stopSequence: null };
  return { text: cut, finishReason: 'stop', stopSequence };
}

/** A part in pieces; `random` makes a fresh generator on each call, so that the pieces are the same each time. */
export const textPart = (
  kind: TextPart['kind'],
  text: string,
  random: () => Random,
  tokenEntry: TextPart['tokenEntry'] = null,
): TextPart => ({ kind, text, tokenEntry, pieces: () => piecesOf(text, random()) });

/** A choice that is nothing but text, cut to the request's limits. */
export function textChoice(text: string, request: ModelRequest, random: () => Random): Choice {
  const { text: limited, ...end } = limitText(text, request);
  const tokenEntry = request.logprobs ? logprobMaker(request, random()) : null;
  return { ...end, parts: [textPart('content', limited, random, tokenEntry)], everywhere: null };
}

/** Pieces stand for tokens here; a piece's probability depends on its length alone, so both forms agree. */
function logprobMaker(request: ModelRequest, random: Random): (piece: string) => JsonObject {
  const base = -random.below(1_000) / 1_000;
  const alternatives = Array.from({ length: request.topLogprobs }, (_, rank) => ({
    suffix: '~'.repeat(rank),
    rank,
  }));
  const entry = (token: string, logprob: number): JsonObject => ({
    token,
    logprob,
    bytes: [...Buffer.from(token)],
  });
  return (piece) => {
    const logprob = base - piece.length / 16;
    return {
      ...entry(piece, logprob),
      top_logprobs: alternatives.map(({ suffix, rank }) => entry(`${piece}${suffix}`, logprob - rank)),
    };
  };
}
