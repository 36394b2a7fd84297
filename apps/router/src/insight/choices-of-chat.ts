import { isObject, type Loose, listOf } from './captured-json-codec.js';
import { joinDelta } from './join-delta.js';

const choicesMax = 128;

const joinPiece = (choice: Loose, piece: Loose): void => {
  if (isObject(choice.message) && isObject(piece.delta)) joinDelta(choice.message, piece.delta);
  if (typeof choice.text === 'string' && typeof piece.text === 'string') choice.text += piece.text;
  if (piece.finish_reason !== null && piece.finish_reason !== undefined)
    choice.finish_reason = piece.finish_reason;
  if (!isObject(piece.logprobs)) return;
  const logprobs = isObject(choice.logprobs) ? choice.logprobs : {};
  joinDelta(logprobs, piece.logprobs);
  choice.logprobs = logprobs;
};

const choicesOf = (events: readonly Loose[], empty: (index: number) => Loose): unknown[] => {
  const choices = new Map<number, Loose>();
  for (const event of events) {
    for (const piece of listOf(event.choices)) {
      if (!isObject(piece) || typeof piece.index !== 'number') continue;
      const choice = choices.get(piece.index) ?? empty(piece.index);
      if (!choices.has(piece.index) && choices.size === choicesMax) continue;
      joinPiece(choice, piece);
      choices.set(piece.index, choice);
    }
  }
  return [...choices.values()].sort((a, b) => (a.index as number) - (b.index as number));
};

/** The choices that a stream of chat completions adds up to. */
export const choicesOfChat = (events: readonly Loose[]): unknown[] =>
  choicesOf(events, (index) => ({ index, message: {}, finish_reason: null }));

/** The choices that a stream of legacy completions adds up to. */
export const choicesOfCompletions = (events: readonly Loose[]): unknown[] =>
  choicesOf(events, (index) => ({ index, text: '', finish_reason: null }));
