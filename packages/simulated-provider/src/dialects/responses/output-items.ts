import type { Answer, CallPart, Choice, TextPart } from '../../answers/answer.js';
import { citationOf, unheardOf } from '../../answers/every-field.js';
import type { Json, JsonObject } from '../../json-codec.js';
import type { ResponsesRequest } from './read-response.js';

interface ItemBase {
  readonly id: string;
  /** As the finished response holds it. */
  readonly finished: JsonObject;
  /** As the stream announces it. */
  readonly announced: JsonObject;
}

/** One element of `output`, with the parts of the answer that it holds. */
export type OutputItem =
  | (ItemBase & { readonly kind: 'reasoning'; readonly part: TextPart; readonly hasSummary: boolean })
  | (ItemBase & { readonly kind: 'message'; readonly parts: readonly TextPart[] })
  | (ItemBase & { readonly kind: 'call'; readonly part: CallPart });

/** The answer as a list of items: reasoning first, then what is said, then what is called. */
export function outputItems(answer: Answer, request: ResponsesRequest): OutputItem[] {
  const choice = answer.choices[0];
  if (choice === undefined) return [];
  const idOf = (prefix: string): string => `${prefix}_sim${answer.id}`;
  const items: OutputItem[] = [];
  const spoken = choice.parts.filter(
    (part): part is TextPart => part.kind === 'content' || part.kind === 'refusal',
  );
  for (const part of choice.parts) {
    if (part.kind === 'reasoning') items.push(reasoningItem(idOf('rs'), part, { choice, request }));
  }
  if (spoken.length > 0) items.push(messageItem(idOf('msg'), spoken, choice));
  for (const part of choice.parts) {
    if (part.kind === 'call') items.push(callItem(part));
  }
  return items;
}

interface Asked {
  readonly choice: Choice;
  readonly request: ResponsesRequest;
}

function reasoningItem(id: string, part: TextPart, { choice, request }: Asked): OutputItem {
  const everything = choice.everywhere !== null;
  const hasSummary = request.summarizesReasoning || everything;
  const encrypted = request.encryptsReasoning || everything ? { encrypted_content: sealed(part.text) } : {};
  const head = { id, type: 'reasoning' };
  return {
    kind: 'reasoning',
    id,
    part,
    hasSummary,
    announced: { ...head, summary: [], ...encrypted },
    finished: {
      ...head,
      summary: hasSummary ? [{ type: 'summary_text', text: part.text }] : [],
      ...(everything && { content: [{ type: 'reasoning_text', text: part.text }] }),
      ...encrypted,
    },
  };
}

/** Opaque to whoever does not know that it is nothing but the text. */
const sealed = (text: string): string => `gAAAA${Buffer.from(text).toString('base64url')}`;

function messageItem(id: string, parts: readonly TextPart[], choice: Choice): OutputItem {
  const head = { id, type: 'message', role: 'assistant' };
  const status = choice.finishReason === 'length' ? 'incomplete' : 'completed';
  return {
    kind: 'message',
    id,
    parts,
    announced: { ...head, status: 'in_progress', content: [] },
    finished: {
      ...head,
      status,
      content: parts.map((part) => contentPart(part, choice)),
      ...(choice.everywhere !== null && unheardOf(choice.everywhere)),
    },
  };
}

/** A finished element of a message's `content`. */
export function contentPart(part: TextPart, { everywhere }: Choice): JsonObject {
  if (part.kind === 'refusal') return { type: 'refusal', refusal: part.text };
  return {
    type: 'output_text',
    annotations: everywhere === null ? [] : [{ type: 'url_citation', ...citationOf(everywhere) }],
    logprobs: logprobsOf(part, part.pieces()),
    text: part.text,
  };
}

export const emptyContentPart = ({ kind }: TextPart): JsonObject =>
  kind === 'refusal'
    ? { type: 'refusal', refusal: '' }
    : { type: 'output_text', annotations: [], logprobs: [], text: '' };

export const logprobsOf = ({ tokenEntry }: TextPart, pieces: Iterable<string>): Json[] =>
  tokenEntry === null ? [] : [...pieces].map(tokenEntry);

function callItem(part: CallPart): OutputItem {
  const [prefix, type, field] = part.freeText
    ? ['ctc', 'custom_tool_call', 'input']
    : ['fc', 'function_call', 'arguments'];
  const id = `${prefix}_sim${part.id}`;
  const head = { id, type, call_id: `call_${part.id}`, name: part.name };
  return {
    kind: 'call',
    id,
    part,
    announced: { ...head, status: 'in_progress', [field as string]: '' },
    finished: { ...head, status: 'completed', [field as string]: part.text },
  };
}
