import { indexBelow, isObject, type Loose, listOf } from './captured-json-codec.js';

const itemsMax = 4096;
const partsMax = 1024;

/** Where the text of a delta event belongs: directly in the item, or in a part of one of its lists. */
const direct: Readonly<Record<string, string>> = {
  'response.function_call_arguments.delta': 'arguments',
  'response.custom_tool_call_input.delta': 'input',
  'response.mcp_call_arguments.delta': 'arguments',
  'response.code_interpreter_call_code.delta': 'code',
};
interface PartPlace {
  readonly list: string;
  readonly at: string;
  readonly type: string;
  readonly member: string;
}
const content = { list: 'content', at: 'content_index' };
const inParts: Readonly<Record<string, PartPlace>> = {
  'response.output_text.delta': { ...content, type: 'output_text', member: 'text' },
  'response.refusal.delta': { ...content, type: 'refusal', member: 'refusal' },
  'response.reasoning_text.delta': { ...content, type: 'reasoning_text', member: 'text' },
  'response.reasoning_summary_text.delta': {
    list: 'summary',
    at: 'summary_index',
    type: 'summary_text',
    member: 'text',
  },
};

const append = (object: Loose, member: string, text: string): void => {
  const before = object[member];
  object[member] = typeof before === 'string' ? before + text : text;
};

const joinPart = (item: Loose, place: PartPlace, event: Loose, text: string): void => {
  const at = indexBelow(event[place.at], partsMax);
  if (at === undefined) return;
  const parts = [...listOf(item[place.list])];
  if (at > parts.length) return;
  const part = isObject(parts[at]) ? parts[at] : { type: place.type };
  append(part, place.member, text);
  parts[at] = part;
  item[place.list] = parts;
};

const joinText = (item: Loose, event: Loose): void => {
  if (typeof event.type !== 'string' || typeof event.delta !== 'string') return;
  const member = Object.hasOwn(direct, event.type) ? direct[event.type] : undefined;
  const place = Object.hasOwn(inParts, event.type) ? inParts[event.type] : undefined;
  if (member !== undefined) append(item, member, event.delta);
  else if (place !== undefined) joinPart(item, place, event, event.delta);
};

const terminal = ['response.completed', 'response.incomplete', 'response.failed'];

/**
 * The output items of a Responses stream: as its last event lists them, otherwise what had come by then, items that
 * were not done made of their deltas.
 */
export const choicesOfResponses = (events: readonly Loose[]): unknown[] => {
  const items = new Map<number, Loose>();
  const done = new Set<number>();
  for (const event of events) {
    if (terminal.includes(event.type as string) && isObject(event.response)) {
      const output = listOf(event.response.output);
      if (output.length > 0) return [...output];
    }
    const index = indexBelow(event.output_index, itemsMax);
    if (index === undefined) continue;
    if (isObject(event.item)) items.set(index, event.item);
    if (event.type === 'response.output_item.done') done.add(index);
    const item = items.get(index);
    if (item !== undefined && !done.has(index)) joinText(item, event);
  }
  return [...items].sort(([a], [b]) => a - b).map(([, item]) => item);
};
