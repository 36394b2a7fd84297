import type { JsonObject } from '../json-codec.js';
import type { ModelRequest } from '../model-request.js';
import type { Random } from '../random.js';
import type { Choice } from './answer.js';
import { textChoice, textPart } from './text-choice.js';
import { callPart } from './tools.js';

/** Free text in a field that no dialect knows: what a router must not copy because it happened to be there. */
export const unheardOf = (text: string): JsonObject => ({ x_sim_extra: { note: text, list: [text] } });

/** One choice with every kind of part, each holding the user's text; the dialect fills its other fields with it. */
export function everyFieldChoice(request: ModelRequest, random: () => Random): Choice {
  const spoken = textChoice(request.lastUserText, { ...request, logprobs: true }, random);
  const text = spoken.parts.map((part) => part.text).join('');
  // One piece each: in eight-character steps a long text would cost its length many times over.
  const inOnePiece = (kind: 'reasoning' | 'refusal') => ({
    ...textPart(kind, text, random),
    pieces: () => [text],
  });
  const argumentsText = JSON.stringify({ text });
  const call = callPart({ tool: { name: 'remember', schema: {} }, text: argumentsText, random });
  return {
    ...spoken,
    parts: [
      inOnePiece('reasoning'),
      ...spoken.parts,
      inOnePiece('refusal'),
      { ...call, pieces: () => [argumentsText] },
    ],
    finishReason: 'tool_calls',
    everywhere: text,
  };
}

/** A citation of a page whose title and address hold the text. */
export const citationOf = (text: string): JsonObject => ({
  start_index: 0,
  end_index: text.length,
  title: text,
  url: `https://example.com/?q=${encodeURIComponent(Buffer.from(text).toString())}`,
});
