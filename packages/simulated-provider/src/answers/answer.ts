import type { JsonObject } from '../json-codec.js';
import type { OutputPart, Usage } from '../tokens.js';

interface PartBase {
  readonly kind: OutputPart;
  readonly text: string;
  /** The text in the steps of a stream; made when asked for, because a long answer has thousands. */
  pieces(): Iterable<string>;
}

export interface TextPart extends PartBase {
  readonly kind: 'content' | 'reasoning' | 'refusal';
  /** The log probability entry of one piece; null when they were not asked for. */
  readonly tokenEntry: ((piece: string) => JsonObject) | null;
}

/** A tool's call; its text is the arguments, or the free input of a tool that has no schema. */
export interface CallPart extends PartBase {
  readonly kind: 'call';
  /** Hexadecimal digits; dialects put their own prefix before them. */
  readonly id: string;
  readonly name: string;
  readonly freeText: boolean;
}

export type Part = TextPart | CallPart;

/** `stop`, `length`, `tool_calls` or `content_filter`; dialects have their own words for these. */
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter';

export interface Choice {
  readonly parts: readonly Part[];
  readonly finishReason: FinishReason;
  /** The caller's stop sequence that ended the text. */
  readonly stopSequence: string | null;
  /** A text that the dialect puts into every field it has; null for an ordinary answer. */
  readonly everywhere: string | null;
}

/** An answer before any dialect gave it its form. */
export interface Answer {
  /** Hexadecimal digits; dialects put their own prefix before them. */
  readonly id: string;
  readonly created: number;
  readonly choices: readonly Choice[];
  readonly usage: Usage;
}

/** What a part costs beyond its pieces: a call's name is output as well. */
export const openingText = (part: Part): string => (part.kind === 'call' ? part.name : '');

export const textPartOf = (choice: Choice, kind: TextPart['kind']): TextPart | undefined =>
  choice.parts.find((part): part is TextPart => part.kind === kind);

export const callOf = (choice: Choice): CallPart | undefined =>
  choice.parts.find((part): part is CallPart => part.kind === 'call');
