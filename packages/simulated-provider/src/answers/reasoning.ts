import type { ModelRequest } from '../model-request.js';
import type { Random } from '../random.js';
import type { Choice } from './answer.js';
import { sentencesOf } from './pseudo-text.js';
import { textChoice, textPart } from './text-choice.js';

const THOUGHT_TOKENS = 24;

/** Thinks aloud about the user's text, then repeats it. The token limit holds for the answer alone. */
export function reasoningChoice(request: ModelRequest, random: () => Random): Choice {
  const thought = `Thinking about: ${request.lastUserText}\n${sentencesOf(THOUGHT_TOKENS, random())}`;
  const spoken = textChoice(request.lastUserText, request, random);
  return { ...spoken, parts: [textPart('reasoning', thought, random), ...spoken.parts] };
}
