import { type Json, type JsonObject, listOr, objectOr } from './json-codec.js';
import type { AnswerModel, Model } from './models.js';
import { badRequest, type Refusal } from './refusals.js';

export interface Message {
  readonly role: string;
  /** The string content, or the text parts joined. */
  readonly text: string;
}

/** A tool that an answer can call. */
export interface Tool {
  readonly name: string;
  /** JSON schema of its arguments; null for a tool that takes free text. */
  readonly schema: Json | null;
}

/** What a request asks for, whatever dialect it came in. */
export interface ModelRequest {
  readonly model: Model;
  readonly answerModel: AnswerModel;
  readonly messages: readonly Message[];
  /** The text of the user's last message; empty without one. */
  readonly lastUserText: string;
  /** The text of a tool's result when that is what came last. */
  readonly toolResult: string | null;
  readonly stream: boolean;
  readonly choices: number;
  readonly tokensMax: number | null;
  readonly stops: readonly string[];
  readonly seed: string;
  readonly logprobs: boolean;
  readonly topLogprobs: number;
  readonly tools: readonly Tool[];
  /** The tool to call by name, `any` for the first one, `none` for no call. */
  readonly toolChoice: { readonly name: string } | 'any' | 'none';
  /** JSON is to be answered; `schema` null when any object will do. */
  readonly jsonFormat: { readonly schema: Json | null } | null;
  /** What the prompt costs. */
  readonly promptTokens: number;
  /** The request marks parts of its prompt for a cache. */
  readonly marksCache: boolean;
}

/** True for an absent or null value as well: every number of a request is optional. */
export const wholeNumberWithin = (value: Json | undefined, least: number, most: number): boolean =>
  value === undefined ||
  value === null ||
  (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most);

export const numberOr = <T>(value: Json | undefined, fallback: T): number | T =>
  typeof value === 'number' ? value : fallback;

export const stringsOf = (value: Json | undefined): string[] =>
  listOr(value).filter((entry): entry is string => typeof entry === 'string' && entry.length > 0);

/** A string content, or the `text` of its parts joined. */
export const textOf = (content: Json | undefined): string =>
  typeof content === 'string' ? content : stringsOf(listOr(content).map((part) => textField(part))).join('');

const textField = (part: Json): Json => objectOr(part).text ?? null;

/** A set of field names from a text that lists them. */
export const namesIn = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** A `strict-` model refuses every top-level field that is not among the known ones. */
export function refuseUnknownFields(
  json: JsonObject,
  model: Model,
  known: ReadonlySet<string>,
): Refusal | null {
  const unknown = model.strict ? Object.keys(json).filter((name) => !known.has(name)) : [];
  if (unknown.length === 0) return null;
  return badRequest(`Unrecognized request arguments supplied: ${unknown.join(', ')}`, null);
}
