import type { ModelRequest } from '../model-request.js';
import type { Random } from '../random.js';
import type { Choice } from './answer.js';
import { textPart } from './text-choice.js';

/** Will not answer, and says to what, as a content filter's explanation may. */
export const refusalChoice = (request: ModelRequest, random: () => Random): Choice => ({
  parts: [textPart('refusal', `I cannot help with: ${request.lastUserText}`, random)],
  finishReason: 'content_filter',
  stopSequence: null,
  everywhere: null,
});
