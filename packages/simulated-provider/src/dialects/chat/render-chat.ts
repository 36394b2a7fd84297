import type { Answer, Choice } from '../../answers/answer.js';
import { unheardOf } from '../../answers/every-field.js';
import type { Json, JsonObject } from '../../json-codec.js';
import { DONE_EVENT, frameText, type Shape, type StreamEvent } from '../dialect.js';
import { usageJson } from '../openai-usage.js';
import { taking } from '../take-turns.js';
import { type ChatDelta, chatDeltas, logprobsOf, messageOf } from './message.js';
import type { ChatRequest } from './read-chat.js';

const headOf = (answer: Answer, request: ChatRequest, object: string): JsonObject => ({
  id: `chatcmpl-sim${answer.id}`,
  object,
  created: answer.created,
  model: request.model.name,
  service_tier: 'default',
  system_fingerprint: 'fp_simulated',
});

const everywhereIn = (answer: Answer): string | null => answer.choices[0]?.everywhere ?? null;

/** Fields of the body and of each chunk that only some providers send. */
function topFields(answer: Answer): JsonObject {
  const text = everywhereIn(answer);
  if (text === null) return {};
  return {
    moderation: { flagged: false, categories: { violence: false }, category_scores: { violence: 0.001 } },
    ...unheardOf(text),
  };
}

const choiceFields = ({ everywhere }: Choice): JsonObject =>
  everywhere === null ? {} : unheardOf(everywhere);

const usageOf = (answer: Answer): JsonObject => {
  const text = everywhereIn(answer);
  return { ...usageJson(answer.usage), ...(text !== null && unheardOf(text)) };
};

/** The body of an answer that is not streamed. */
export const chatBody = (answer: Answer, request: ChatRequest, shape: Shape = {}): JsonObject => ({
  ...headOf(answer, request, 'chat.completion'),
  ...topFields(answer),
  choices: answer.choices.map((choice, index) => ({
    index,
    message: messageOf(choice),
    logprobs: logprobsOf(choice),
    finish_reason: shape.finishReason ?? choice.finishReason,
    ...choiceFields(choice),
  })),
  ...(shape.withoutUsage !== true && { usage: usageOf(answer) }),
});

/**
 * The events of a streamed answer: roles, then the choices' deltas in turn, the finish reasons, the usage when it was
 * asked for (then every chunk before it says `usage: null`), and `[DONE]`.
 */
export function* chatEvents(answer: Answer, request: ChatRequest, shape: Shape = {}): Generator<StreamEvent> {
  const head = JSON.stringify(headOf(answer, request, 'chat.completion.chunk')).slice(0, -1);
  const withUsage = request.includeUsage && shape.withoutUsage !== true;
  const tail = withUsage ? ',"usage":null' : '';
  let chunks = 0;
  const chunk = (choices: Json, rest = ''): string => {
    chunks += 1;
    const padding = request.includeObfuscation ? `,"obfuscation":"${'x'.repeat(1 + (chunks % 16))}"` : '';
    return frameText(`${head}${rest},"choices":${JSON.stringify(choices)}${tail}${padding}}`);
  };
  const step = (
    index: number,
    delta: JsonObject,
    finish: string | null,
    logprobs: JsonObject | null = null,
  ): string => chunk([{ index, delta, logprobs, finish_reason: finish }]);

  // Extras ride on the first chunks alone: with the user's text in every chunk, a long text would grow by its square.
  const top = topFields(answer);
  const extra = Object.keys(top).length === 0 ? '' : `,${JSON.stringify(top).slice(1, -1)}`;
  for (const [index, choice] of answer.choices.entries()) {
    const delta = { role: 'assistant', content: '', refusal: null };
    const first = { index, delta, logprobs: null, finish_reason: null, ...choiceFields(choice) };
    yield { kind: 'open', text: chunk([first], extra) };
  }
  for (const { index, step: delta } of inTurn(answer.choices)) {
    const output = { choice: index, part: delta.part, text: delta.text };
    yield { kind: 'delta', text: step(index, delta.delta, null, delta.logprobs), output };
  }
  for (const [index, choice] of answer.choices.entries()) {
    yield { kind: 'close', text: step(index, {}, shape.finishReason ?? choice.finishReason) };
  }
  if (withUsage) {
    const usage = JSON.stringify(usageOf(answer));
    yield { kind: 'usage', text: frameText(`${head},"choices":[],"usage":${usage}}`) };
  }
  yield DONE_EVENT;
}

const inTurn = (choices: readonly Choice[]): Generator<{ index: number; step: ChatDelta }> =>
  taking(choices.map(chatDeltas));
