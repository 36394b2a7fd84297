import type { ChatRequest } from '../chat-request.js';
import type { Random } from '../random.js';
import type { Choice, Delta } from './answer.js';
import { sentencesOf } from './pseudo-text.js';
import { limitText, piecesOf, textChoice } from './text-choice.js';

const THOUGHT_TOKENS = 24;

/** Thinks aloud about the user's text in `reasoning_content`, then repeats it. The token limit holds for the answer. */
export function reasoningChoice(chat: ChatRequest, random: () => Random): Choice {
  const thought = `Thinking about: ${chat.lastUserText}\n${sentencesOf(THOUGHT_TOKENS, random())}`;
  const spoken = textChoice({ chat, random, ...limitText(chat.lastUserText, chat) });
  return {
    ...spoken,
    message: { ...spoken.message, reasoning_content: thought },
    outputs: [{ part: 'reasoning', text: thought }, ...spoken.outputs],
    *deltas(): Generator<Delta> {
      for (const piece of piecesOf(thought, random())) {
        yield { delta: { reasoning_content: piece }, part: 'reasoning', text: piece };
      }
      yield* spoken.deltas();
    },
  };
}
