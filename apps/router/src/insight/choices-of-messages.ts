import { indexBelow, isObject, type Loose, listOf } from './captured-json-codec.js';

const blocksMax = 4096;

/** Which member of a block a delta goes on with. */
const members: Readonly<Record<string, readonly [from: string, to: string]>> = {
  text_delta: ['text', 'text'],
  thinking_delta: ['thinking', 'thinking'],
  signature_delta: ['signature', 'signature'],
  // A tool's input comes as pieces of JSON text; it stays text, since a cut one is no JSON.
  input_json_delta: ['partial_json', 'input'],
  compaction_delta: ['content', 'content'],
};

const joinBlock = (block: Loose, delta: Loose): void => {
  if (delta.type === 'citations_delta') {
    block.citations = [...listOf(block.citations), delta.citation];
    return;
  }
  const type = typeof delta.type === 'string' && Object.hasOwn(members, delta.type) ? delta.type : '';
  const [from, to] = members[type] ?? [];
  if (from === undefined || to === undefined || typeof delta[from] !== 'string') return;
  const before = block[to];
  block[to] = typeof before === 'string' ? before + delta[from] : delta[from];
};

/** The one answer of an Anthropic message: its blocks and why it stopped. None when nothing of it came. */
export const choicesOfMessage = (message: Loose): unknown[] => {
  if (!Array.isArray(message.content)) return [];
  return [
    {
      role: message.role ?? 'assistant',
      content: message.content,
      stop_reason: message.stop_reason ?? null,
    },
  ];
};

/** The same, out of the events of a stream. */
export const choicesOfMessageStream = (events: readonly Loose[]): unknown[] => {
  const blocks = new Map<number, Loose>();
  let stopReason: unknown = null;
  for (const event of events) {
    const index = indexBelow(event.index, blocksMax);
    if (event.type === 'content_block_start' && index !== undefined && isObject(event.content_block))
      blocks.set(index, event.content_block);
    const block = index === undefined ? undefined : blocks.get(index);
    if (event.type === 'content_block_delta' && block !== undefined && isObject(event.delta))
      joinBlock(block, event.delta);
    if (event.type === 'message_delta' && isObject(event.delta))
      stopReason = event.delta.stop_reason ?? stopReason;
  }
  if (blocks.size === 0 && stopReason === null) return [];
  const content = [...blocks].sort(([a], [b]) => a - b).map(([, block]) => block);
  return choicesOfMessage({ content, stop_reason: stopReason });
};
