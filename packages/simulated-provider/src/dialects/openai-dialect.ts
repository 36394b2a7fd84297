import type { JsonObject } from '../json-codec.js';
import type { Refusal } from '../refusals.js';
import { refuseBearer } from './authorization.js';
import { type Dialect, frame, type StreamEvent } from './dialect.js';

export const openAiError = ({ message, type, param, code, details }: Refusal): JsonObject => ({
  error: { message, type, param, code, ...details },
});

/** OpenAI's way to fail amid a stream: an event that is an error body. */
export const openAiErrorEvents = (refusal: Refusal): StreamEvent[] => [
  { kind: 'close', text: frame(openAiError(refusal)) },
];

/** What OpenAI's endpoints have in common. */
export const openAiDialect = {
  idHeader: 'x-request-id',
  refuseHeaders: refuseBearer,
  errorBody: openAiError,
  keeps: (json: JsonObject) => json.store === true,
  stateFields: [],
} as const satisfies Partial<Dialect>;
