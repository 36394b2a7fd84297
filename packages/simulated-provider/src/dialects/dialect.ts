import type { IncomingHttpHeaders } from 'node:http';
import type { Answer } from '../answers/answer.js';
import type { Json, JsonObject } from '../json-codec.js';
import type { Endpoint, Model } from '../models.js';
import type { Refusal } from '../refusals.js';
import type { OutputPart } from '../tokens.js';

/** One event of a streamed answer, already framed. */
export interface StreamEvent {
  /** `delta` for an event that carries a piece of output and nothing else. */
  readonly kind: 'open' | 'delta' | 'close' | 'usage' | 'done';
  readonly text: string;
  /** The output that reaches the caller with this event. */
  readonly output?: { readonly choice: number; readonly part: OutputPart; readonly text: string };
}

/** How an answer differs from a proper one. */
export interface Shape {
  /** Nothing speaks of usage. */
  readonly withoutUsage?: boolean;
  /** Takes the place of the finish reason in the dialect's own field. */
  readonly finishReason?: string;
}

/** A request that was read and can be answered, with its dialect behind it. */
export interface Task {
  readonly model: Model;
  readonly stream: boolean;
  readonly choices: number;
  readonly tokensMax: number | null;
  /** What faults quote. */
  readonly userText: string;
  /** Made anew on each call. */
  answer(): Answer;
  /** The body of an answer that is not streamed. */
  body(answer: Answer, shape?: Shape): JsonObject;
  /** The events of a streamed answer. */
  events(answer: Answer, shape?: Shape): Iterable<StreamEvent>;
  /** How the dialect says amid a stream, after `eventsBefore` events, that it failed. */
  failureEvents(answer: Answer, refusal: Refusal, eventsBefore: number): StreamEvent[];
  /** The body of a 200 that is no answer but an error. */
  failureBody(answer: Answer, refusal: Refusal): JsonObject;
}

/** One endpoint of a provider. */
export interface Dialect {
  readonly endpoint: Endpoint;
  /** The response header that carries the request's id. */
  readonly idHeader: 'x-request-id' | 'request-id';
  /** Refuses a request by its headers alone. */
  refuseHeaders(headers: IncomingHttpHeaders): Refusal | null;
  /** Reads a decoded request body, or says why the provider refuses it. */
  read(json: Json | undefined, seed: string): Task | { readonly refusal: Refusal };
  errorBody(refusal: Refusal, requestId: string): JsonObject;
  /** True when a real provider would keep what this request made. */
  keeps(json: JsonObject): boolean;
  /** Fields that make a real provider keep something, or look up what it kept. */
  readonly stateFields: readonly string[];
  /** An event whose JSON holds a text and breaks off. */
  brokenEvent(text: string): string;
  /** The beginning of a body that is not streamed, up to inside a string of output. */
  readonly bodyOpening: string;
}

/** An event's bytes; named events are OpenAI Responses' and Anthropic's. */
export const frame = (data: Json, name?: string): string => frameText(JSON.stringify(data), name);

export const frameText = (data: string, name?: string): string =>
  `${name === undefined ? '' : `event: ${name}\n`}data: ${data}\n\n`;

export const DONE_EVENT: StreamEvent = { kind: 'done', text: 'data: [DONE]\n\n' };
