import type { Answer, Choice, Delta } from './answers/answer.js';
import type { ChatRequest } from './chat-request.js';
import type { Json, JsonObject } from './json-codec.js';
import { type OutputPart, usageJson } from './tokens.js';

/** One event of a streamed answer, already framed. */
export interface StreamEvent {
  readonly kind: 'role' | 'delta' | 'finish' | 'usage' | 'done';
  readonly text: string;
  /** The output that reaches the caller with this event. */
  readonly output?: { readonly choice: number; readonly part: OutputPart; readonly text: string };
}

export const frame = (data: Json): string => `data: ${JSON.stringify(data)}\n\n`;

export const DONE_EVENT: StreamEvent = { kind: 'done', text: 'data: [DONE]\n\n' };

const headOf = (answer: Answer, chat: ChatRequest, object: string): JsonObject => ({
  id: answer.id,
  object,
  created: answer.created,
  model: chat.model.name,
  service_tier: 'default',
  system_fingerprint: 'fp_simulated',
});

/** The body of an answer that is not streamed. */
export const completionJson = (answer: Answer, chat: ChatRequest): JsonObject => ({
  ...headOf(answer, chat, 'chat.completion'),
  ...answer.extra,
  choices: answer.choices.map((choice, index) => ({
    index,
    message: choice.message,
    logprobs: choice.logprobs,
    finish_reason: choice.finishReason,
    ...choice.extra,
  })),
  usage: { ...usageJson(answer.usage), ...answer.usageExtra },
});

/**
 * The events of a streamed answer: roles, then the choices' deltas in turn, the finish reasons, the usage when it was
 * asked for (then every chunk before it says `usage: null`), and `[DONE]`.
 */
export function* streamEvents(answer: Answer, chat: ChatRequest): Generator<StreamEvent> {
  const head = JSON.stringify(headOf(answer, chat, 'chat.completion.chunk')).slice(0, -1);
  const tail = chat.includeUsage ? ',"usage":null' : '';
  let chunks = 0;
  const chunk = (choices: Json, rest = ''): string => {
    chunks += 1;
    const padding = chat.includeObfuscation ? `,"obfuscation":"${'x'.repeat(1 + (chunks % 16))}"` : '';
    return `data: ${head}${rest},"choices":${JSON.stringify(choices)}${tail}${padding}}\n\n`;
  };
  // Extras ride on the first chunks alone: with the user's text in every chunk, a long text would grow by its square.
  const extra = answer.extra === undefined ? '' : `,${JSON.stringify(answer.extra).slice(1, -1)}`;
  const step = (
    index: number,
    delta: JsonObject,
    finish: string | null,
    logprobs: JsonObject | null = null,
  ) => chunk([{ index, delta, logprobs, finish_reason: finish }]);

  for (const [index, choice] of answer.choices.entries()) {
    const delta = { role: 'assistant', content: '', refusal: null };
    const first = { index, delta, logprobs: null, finish_reason: null, ...choice.extra };
    yield { kind: 'role', text: chunk([first], extra) };
  }
  for (const { index, delta } of inTurn(answer.choices)) {
    const output = { choice: index, part: delta.part, text: delta.text };
    yield { kind: 'delta', text: step(index, delta.delta, null, delta.logprobs), output };
  }
  for (const [index, choice] of answer.choices.entries()) {
    yield { kind: 'finish', text: step(index, {}, choice.finishReason) };
  }
  if (chat.includeUsage) {
    const usage = JSON.stringify({ ...usageJson(answer.usage), ...answer.usageExtra });
    yield { kind: 'usage', text: `data: ${head},"choices":[],"usage":${usage}}\n\n` };
  }
  yield DONE_EVENT;
}

/** One delta of each choice after another, until all have ended. */
function* inTurn(choices: readonly Choice[]): Generator<{ index: number; delta: Delta }> {
  let open = choices.map((choice, index) => ({ index, deltas: choice.deltas()[Symbol.iterator]() }));
  while (open.length > 0) {
    const still: typeof open = [];
    for (const entry of open) {
      const next = entry.deltas.next();
      if (next.done) continue;
      still.push(entry);
      yield { index: entry.index, delta: next.value };
    }
    open = still;
  }
}
