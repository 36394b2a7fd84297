import type { ChatRequest } from '../chat-request.js';
import type { JsonObject } from '../json-codec.js';
import type { Random } from '../random.js';
import { firstTokens } from '../tokens.js';
import type { Choice, Delta } from './answer.js';

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

/** Applies `stop` and the token limit to a text, and says which of them ended it. */
export function limitText(text: string, chat: ChatRequest): { text: string; finishReason: string } {
  const ends = chat.stops.map((stop) => text.indexOf(stop)).filter((position) => position >= 0);
  const stopped = ends.length > 0 ? text.slice(0, Math.min(...ends)) : text;
  const cut = chat.tokensMax === null ? stopped : firstTokens(stopped, chat.tokensMax);
  return { text: cut, finishReason: cut.length < stopped.length ? 'length' : 'stop' };
}

export interface TextChoiceOptions {
  readonly chat: ChatRequest;
  readonly text: string;
  readonly finishReason: string;
  /** Makes a fresh generator on each call, so that the pieces and the logprobs agree. */
  readonly random: () => Random;
}

/** A choice that is nothing but text. */
export function textChoice(options: TextChoiceOptions): Choice {
  const { chat, text, finishReason } = options;
  const tokenEntry = chat.logprobs ? logprobMaker(chat, options.random()) : null;
  return {
    message: { role: 'assistant', content: text, refusal: null, annotations: [] },
    logprobs:
      tokenEntry === null
        ? null
        : { content: [...piecesOf(text, options.random())].map(tokenEntry), refusal: null },
    finishReason,
    outputs: [{ part: 'content', text }],
    *deltas(): Generator<Delta> {
      for (const piece of piecesOf(text, options.random())) {
        yield {
          delta: { content: piece },
          part: 'content',
          text: piece,
          ...(tokenEntry !== null && { logprobs: { content: [tokenEntry(piece)], refusal: null } }),
        };
      }
    },
  };
}

/** Pieces stand for tokens here; a piece's probability depends on its length alone, so both forms agree. */
function logprobMaker(chat: ChatRequest, random: Random): (piece: string) => JsonObject {
  const base = -random.below(1_000) / 1_000;
  const alternatives = Array.from({ length: chat.topLogprobs }, (_, rank) => ({
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
