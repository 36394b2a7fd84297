import { type Answer, type Choice, type Part, type TextPart, textPartOf } from '../../answers/answer.js';
import { unheardOf } from '../../answers/every-field.js';
import { makeAnswer, usageOf } from '../../answers/make-answer.js';
import { type Json, type JsonObject, listOr, objectOr } from '../../json-codec.js';
import type { Usage } from '../../tokens.js';
import { DONE_EVENT, frame, type Shape, type StreamEvent } from '../dialect.js';
import { usageJson } from '../openai-usage.js';
import { taking } from '../take-turns.js';
import type { CompletionRequest } from './read-completion.js';

/** The answers to all prompts in one: prompt by prompt, each with its choices, of which only the text is left. */
export function completionAnswer(request: CompletionRequest, seed: string): Answer {
  const answers = request.prompts.map(({ text, tokens }) => {
    const messages = [{ role: 'user', text }];
    const single = { ...request, messages, lastUserText: text, promptTokens: tokens };
    const answer = makeAnswer(single, seed);
    const choices = answer.choices.map(textOnly);
    return { ...answer, choices, usage: usageOf(single, choices) };
  });
  const [first, ...others] = answers;
  if (first === undefined) throw new Error('a completion has at least one prompt');
  return {
    ...first,
    choices: answers.flatMap(({ choices }) => choices),
    usage: others.reduce((sum, { usage }) => added(sum, usage), first.usage),
  };
}

/** Refusals are text here; thoughts and calls have no place, and are neither shown nor billed. */
const textOnly = (choice: Choice): Choice => ({
  ...choice,
  parts: choice.parts
    .filter((part) => part.kind === 'content' || (part.kind === 'refusal' && choice.everywhere === null))
    .map((part) => ({ kind: 'content', text: part.text, pieces: part.pieces, tokenEntry: entryOf(part) })),
  finishReason: choice.finishReason === 'tool_calls' ? 'stop' : choice.finishReason,
});

const entryOf = (part: Part): TextPart['tokenEntry'] => (part.kind === 'call' ? null : part.tokenEntry);

const added = (a: Usage, b: Usage): Usage => ({
  promptTokens: a.promptTokens + b.promptTokens,
  completionTokens: a.completionTokens + b.completionTokens,
  cachedTokens: a.cachedTokens + b.cachedTokens,
  cacheWriteTokens: a.cacheWriteTokens + b.cacheWriteTokens,
  reasoningTokens: a.reasoningTokens + b.reasoningTokens,
});

const headOf = (answer: Answer, request: CompletionRequest): JsonObject => ({
  id: `cmpl-sim${answer.id}`,
  object: 'text_completion',
  created: answer.created,
  model: request.model.name,
  system_fingerprint: 'fp_simulated',
});

const rareFields = (choice: Choice | undefined): JsonObject =>
  choice === undefined || choice.everywhere === null ? {} : unheardOf(choice.everywhere);

const echoOf = (request: CompletionRequest, index: number): string =>
  request.echo ? (request.prompts[Math.floor(index / request.choices)]?.text ?? '') : '';

/** The body of an answer that is not streamed. */
export const completionBody = (
  answer: Answer,
  request: CompletionRequest,
  shape: Shape = {},
): JsonObject => ({
  ...headOf(answer, request),
  ...rareFields(answer.choices[0]),
  choices: answer.choices.map((choice, index) => ({
    text: echoOf(request, index) + (textPartOf(choice, 'content')?.text ?? ''),
    index,
    logprobs: logprobsOf([...steps(choice)]),
    finish_reason: shape.finishReason ?? choice.finishReason,
    ...rareFields(choice),
  })),
  ...(shape.withoutUsage !== true && { usage: usageJson(answer.usage) }),
});

/** The events of a streamed answer: the texts in turn, their ends, the usage when it was asked for, and `[DONE]`. */
export function* completionEvents(
  answer: Answer,
  request: CompletionRequest,
  shape: Shape = {},
): Generator<StreamEvent> {
  const withUsage = request.includeUsage && shape.withoutUsage !== true;
  const head = headOf(answer, request);
  const chunk = (choice: JsonObject): string =>
    frame({ ...head, choices: [choice], ...(withUsage && { usage: null }) });
  const step = (index: number, text: string, finish: string | null, rest: JsonObject = {}): string =>
    chunk({ text, index, logprobs: null, finish_reason: finish, ...rest });

  for (const [index, choice] of answer.choices.entries()) {
    yield { kind: 'open', text: step(index, echoOf(request, index), null, rareFields(choice)) };
  }
  for (const { index, step: piece } of taking(answer.choices.map(steps))) {
    yield {
      kind: 'delta',
      text: step(index, piece.text, null, { logprobs: logprobsOf([piece]) }),
      output: { choice: index, part: 'content', text: piece.text },
    };
  }
  for (const [index, choice] of answer.choices.entries()) {
    yield { kind: 'close', text: step(index, '', shape.finishReason ?? choice.finishReason) };
  }
  if (withUsage) {
    yield { kind: 'usage', text: frame({ ...head, choices: [], usage: usageJson(answer.usage) }) };
  }
  yield DONE_EVENT;
}

interface Step {
  readonly text: string;
  /** Where it begins in the answer, in UTF-16 units. */
  readonly offset: number;
  readonly entry: JsonObject | null;
}

function* steps(choice: Choice): Generator<Step> {
  const content = textPartOf(choice, 'content');
  let offset = 0;
  for (const text of content?.pieces() ?? []) {
    yield { text, offset, entry: content?.tokenEntry?.(text) ?? null };
    offset += text.length;
  }
}

/** The legacy form of the entries: one list for each property. */
function logprobsOf(pieces: readonly Step[]): JsonObject | null {
  const entries = pieces.map(({ entry }) => entry).filter((entry) => entry !== null);
  if (entries.length === 0) return null;
  const column = (name: string): Json[] => entries.map((entry) => entry[name] ?? null);
  const alternatives = entries.map((entry) =>
    Object.fromEntries(
      listOr(entry.top_logprobs).map((other) => {
        const { token, logprob } = objectOr(other);
        return [String(token), logprob ?? null];
      }),
    ),
  );
  return {
    tokens: column('token'),
    token_logprobs: column('logprob'),
    top_logprobs: alternatives,
    text_offset: pieces.map(({ offset }) => offset),
  };
}
