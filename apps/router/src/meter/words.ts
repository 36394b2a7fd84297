/** Every value that a mark in a response may have and that means something to the meter. */
const words = [
  'stop',
  'length',
  'model_length',
  'tool_calls',
  'function_call',
  'content_filter',
  'error',
  'completed',
  'incomplete',
  'failed',
  'max_output_tokens',
  'custom_tool_call',
  'response.completed',
  'response.incomplete',
  'response.failed',
  'end_turn',
  'stop_sequence',
  'pause_turn',
  'max_tokens',
  'model_context_window_exceeded',
  'tool_use',
  'refusal',
  'message_start',
  'message_delta',
  'message_stop',
] as const;

/** A closed value; `other` for whatever is not known, so that no text of a response gets any further. */
export type Word = (typeof words)[number] | 'other';

const byLength: { readonly word: Word; readonly bytes: Buffer }[][] = [];
for (const word of words) {
  const same = byLength[word.length] ?? [];
  same.push({ word, bytes: Buffer.from(word) });
  byLength[word.length] = same;
}

/** True when `known` stands in `bytes` from `start` on. By hand, because a native call costs more than a short word. */
export const standsAt = (known: Buffer, bytes: Buffer, start: number): boolean => {
  for (let at = 0; at < known.length; at++) if (known[at] !== bytes[start + at]) return false;
  return true;
};

/** The word that bytes [start, start + length) spell. */
export const wordOf = (bytes: Buffer, start: number, length: number): Word => {
  for (const known of byLength[length] ?? []) if (standsAt(known.bytes, bytes, start)) return known.word;
  return 'other';
};
