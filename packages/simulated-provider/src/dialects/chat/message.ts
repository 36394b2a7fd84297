import { type CallPart, type Choice, callOf, type Part, textPartOf } from '../../answers/answer.js';
import { citationOf, unheardOf } from '../../answers/every-field.js';
import type { JsonObject } from '../../json-codec.js';
import type { OutputPart } from '../../tokens.js';

/** One step of a streamed choice, and the output text in it that is counted. */
export interface ChatDelta {
  readonly delta: JsonObject;
  readonly part: OutputPart;
  readonly text: string;
  readonly logprobs?: JsonObject;
}

const callJson = ({ id, name, text }: CallPart): JsonObject => ({
  id: `call_${id}`,
  type: 'function',
  function: { name, arguments: text },
});

/** The finished message, as a response that is not streamed carries it. */
export function messageOf(choice: Choice): JsonObject {
  const [content, reasoning] = [textPartOf(choice, 'content'), textPartOf(choice, 'reasoning')];
  const [refusal, call] = [textPartOf(choice, 'refusal'), callOf(choice)];
  const calls = call === undefined ? [] : [callJson(call), ...customCalls(choice)];
  return {
    role: 'assistant',
    content: content?.text ?? null,
    refusal: refusal?.text ?? null,
    annotations: [],
    ...(reasoning !== undefined && { reasoning_content: reasoning.text }),
    ...(calls.length > 0 && { tool_calls: calls }),
    ...rareFields(choice),
  };
}

/** Fields that ordinary answers leave out; they repeat what is counted elsewhere. */
function rareFields({ everywhere: text }: Choice): JsonObject {
  if (text === null) return {};
  return {
    annotations: [{ type: 'url_citation', url_citation: citationOf(text) }],
    audio: {
      id: 'audio_sim',
      data: Buffer.from(text).toString('base64'),
      expires_at: 1_760_003_600,
      transcript: text,
    },
    function_call: { name: 'remember', arguments: JSON.stringify({ text }) },
    ...unheardOf(text),
  };
}

/** Left out of streams: the dialect's own client cannot assemble one. */
const customCalls = ({ everywhere: text }: Choice): JsonObject[] =>
  text === null ? [] : [{ id: 'call_custom', type: 'custom', custom: { name: 'recite', input: text } }];

export function logprobsOf(choice: Choice): JsonObject | null {
  const content = textPartOf(choice, 'content');
  if (!content?.tokenEntry) return null;
  const entries = [...content.pieces()].map(content.tokenEntry);
  return { content: entries, refusal: choice.everywhere === null ? null : entries };
}

/** The same message in steps. */
export function* chatDeltas(choice: Choice): Generator<ChatDelta> {
  for (const part of choice.parts) yield* partDeltas(part);
  for (const [name, value] of Object.entries(rareFields(choice))) {
    yield { delta: { [name]: value }, part: 'content', text: '' };
  }
}

const TEXT_FIELDS = { content: 'content', reasoning: 'reasoning_content', refusal: 'refusal' } as const;

function* partDeltas(part: Part): Generator<ChatDelta> {
  if (part.kind !== 'call') {
    const { kind, tokenEntry } = part;
    for (const piece of part.pieces()) {
      yield {
        delta: { [TEXT_FIELDS[kind]]: piece },
        part: kind,
        text: piece,
        ...(tokenEntry !== null && { logprobs: { content: [tokenEntry(piece)], refusal: null } }),
      };
    }
    return;
  }
  const opening = { index: 0, ...callJson({ ...part, text: '' }) };
  yield { delta: { tool_calls: [opening] }, part: 'call', text: part.name };
  for (const piece of part.pieces()) {
    yield {
      delta: { tool_calls: [{ index: 0, function: { arguments: piece } }] },
      part: 'call',
      text: piece,
    };
  }
}
