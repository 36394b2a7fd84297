import type { ChatRequest } from '../chat-request.js';
import type { JsonObject } from '../json-codec.js';
import type { Random } from '../random.js';
import type { Choice, Delta } from './answer.js';
import { limitText, textChoice } from './text-choice.js';

/** Free text in a field that no dialect knows: what a router must not copy because it happened to be there. */
export const unheardOf = (text: string): JsonObject => ({ x_sim_extra: { note: text, list: [text] } });

/** Fields of the body and of each chunk that only some providers send. */
export const everyTopField = (text: string): JsonObject => ({
  moderation: { flagged: false, categories: { violence: false }, category_scores: { violence: 0.001 } },
  ...unheardOf(text),
});

/** One choice in which every output field of the dialect is filled, each text of it with the user's text. */
export function everyFieldChoice(chat: ChatRequest, random: () => Random): Choice {
  const limited = limitText(chat.lastUserText, chat);
  const spoken = textChoice({ chat: { ...chat, logprobs: true }, random, ...limited });
  const { text } = limited;
  const argumentsText = JSON.stringify({ text });
  const called = { name: 'remember', arguments: argumentsText };
  const call = { id: `call_${random().hex(24)}`, type: 'function', function: called };
  const custom = { id: `call_${random().hex(24)}`, type: 'custom', custom: { name: 'recite', input: text } };
  const fields: JsonObject = {
    refusal: text,
    reasoning_content: text,
    annotations: [citationOf(text)],
    audio: {
      id: 'audio_sim',
      data: Buffer.from(text).toString('base64'),
      expires_at: 1_760_003_600,
      transcript: text,
    },
    function_call: called,
    ...unheardOf(text),
  };
  const counted = [
    { part: 'refusal', text },
    { part: 'reasoning', text },
    { part: 'call', text: `${argumentsText}${argumentsText}` },
  ] as const;
  return {
    ...spoken,
    message: { ...spoken.message, ...fields, tool_calls: [call, custom] },
    logprobs: { ...spoken.logprobs, refusal: spoken.logprobs?.content ?? [] },
    finishReason: 'tool_calls',
    outputs: [...spoken.outputs, ...counted],
    extra: unheardOf(text),
    *deltas(): Generator<Delta> {
      yield* spoken.deltas();
      for (const [name, value] of Object.entries(fields)) {
        yield { delta: { [name]: value }, ...countedIn(name, text, argumentsText) };
      }
      // The custom call is left out of streams: the dialect's own client cannot assemble one.
      yield { delta: { tool_calls: [{ index: 0, ...call }] }, part: 'call', text: argumentsText };
    },
  };
}

function countedIn(name: string, text: string, argumentsText: string): Pick<Delta, 'part' | 'text'> {
  if (name === 'refusal') return { part: 'refusal', text };
  if (name === 'reasoning_content') return { part: 'reasoning', text };
  return { part: 'call', text: name === 'function_call' ? argumentsText : '' };
}

const citationOf = (text: string): JsonObject => ({
  type: 'url_citation',
  url_citation: {
    start_index: 0,
    end_index: text.length,
    title: text,
    url: `https://example.com/?q=${encodeURIComponent(Buffer.from(text).toString())}`,
  },
});
