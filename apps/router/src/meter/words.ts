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

/** The word that bytes [0, length) spell. */
export const wordOf = (bytes: Buffer, length: number): Word => {
  for (const known of byLength[length] ?? [])
    if (known.bytes.compare(bytes, 0, length) === 0) return known.word;
  return 'other';
};
