import { type CallPart, type Choice, openingText, type Part, type TextPart } from '../../answers/answer.js';
import { citationOf } from '../../answers/every-field.js';
import { decodeJson, type JsonObject } from '../../json-codec.js';
import type { OutputPart } from '../../tokens.js';

/** A step that fills a block in a stream. */
export interface BlockDelta {
  readonly delta: JsonObject;
  /** The output that leaves with it; empty for what is not counted. */
  readonly part: OutputPart;
  readonly text: string;
}

/** One block of a message's content. */
export interface ContentBlock {
  /** As the finished message holds it. */
  readonly finished: JsonObject;
  /** As the stream begins it. */
  readonly begun: JsonObject;
  deltas(): Iterable<BlockDelta>;
}

export const contentBlocks = (choice: Choice): ContentBlock[] => [
  ...choice.parts.map((part) => blockOf(part, choice)),
  ...rareBlocks(choice),
];

function blockOf(part: Part, choice: Choice): ContentBlock {
  if (part.kind === 'call') return callBlock(part);
  return part.kind === 'reasoning' ? thinkingBlock(part) : textBlock(part, choice);
}

function textBlock(part: TextPart, { everywhere }: Choice): ContentBlock {
  const citation = everywhere === null ? null : citationJson(everywhere);
  return {
    finished: { type: 'text', text: part.text, citations: citation === null ? null : [citation] },
    begun: { type: 'text', text: '', citations: null },
    *deltas() {
      for (const text of part.pieces()) yield { delta: { type: 'text_delta', text }, part: part.kind, text };
      if (citation === null) return;
      yield { delta: { type: 'citations_delta', citation }, part: part.kind, text: '' };
    },
  };
}

function citationJson(text: string): JsonObject {
  const { title, url } = citationOf(text);
  return { type: 'web_search_result_location', cited_text: text, encrypted_index: 'sim', title, url };
}

function thinkingBlock(part: TextPart): ContentBlock {
  const signature = `sim${Buffer.from(part.text).toString('base64')}`;
  return {
    finished: { type: 'thinking', thinking: part.text, signature },
    begun: { type: 'thinking', thinking: '', signature: '' },
    *deltas() {
      for (const text of part.pieces()) {
        yield { delta: { type: 'thinking_delta', thinking: text }, part: 'reasoning', text };
      }
      yield { delta: { type: 'signature_delta', signature }, part: 'reasoning', text: '' };
    },
  };
}

/** The stream's first step says nothing, as the real one's does; here the tool's name is counted with it. */
function callBlock(part: CallPart): ContentBlock {
  const head = { type: 'tool_use', id: `toolu_${part.id}`, name: part.name, caller: { type: 'direct' } };
  const step = (json: string, text: string): BlockDelta => ({
    delta: { type: 'input_json_delta', partial_json: json },
    part: 'call',
    text,
  });
  return {
    finished: { ...head, input: decodeJson(Buffer.from(part.text)) ?? {} },
    begun: { ...head, input: {} },
    *deltas() {
      yield step('', openingText(part));
      for (const piece of part.pieces()) yield step(piece, piece);
    },
  };
}

/** Blocks that leave in one piece and that this provider does not count. */
function rareBlocks({ everywhere: text }: Choice): ContentBlock[] {
  if (text === null) return [];
  const found = {
    type: 'web_search_result',
    title: text,
    url: 'https://example.com/',
    encrypted_content: text,
  };
  return [
    { type: 'redacted_thinking', data: Buffer.from(text).toString('base64') },
    {
      type: 'server_tool_use',
      id: 'srvtoolu_sim',
      name: 'web_search',
      input: { query: text },
      caller: { type: 'direct' },
    },
    {
      type: 'web_search_tool_result',
      tool_use_id: 'srvtoolu_sim',
      content: [{ ...found, page_age: null }],
      caller: { type: 'direct' },
    },
  ].map((block) => ({ finished: block, begun: block, deltas: () => [] }));
}
