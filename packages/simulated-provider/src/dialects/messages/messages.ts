import type { Answer } from '../../answers/answer.js';
import { makeAnswer } from '../../answers/make-answer.js';
import type { JsonObject } from '../../json-codec.js';
import type { Refusal } from '../../refusals.js';
import { type Dialect, frame, type Shape, type StreamEvent, type Task } from '../dialect.js';
import { anthropicDialect, anthropicError } from './anthropic-dialect.js';
import { messageEvents } from './message-events.js';
import { messageBody } from './message-json.js';
import { type MessagesRequest, readMessagesRequest } from './read-messages.js';

const failureBody = (_: Answer, refusal: Refusal): JsonObject => ({
  type: 'error',
  error: anthropicError(refusal),
});

const failureEvents = (answer: Answer, refusal: Refusal): StreamEvent[] => [
  { kind: 'close', text: frame(failureBody(answer, refusal), 'error') },
];

/** `POST /v1/messages`. */
export const messages: Dialect = {
  ...anthropicDialect,
  endpoint: 'messages',
  bodyOpening: '{"type":"message","role":"assistant","content":[{"type":"text","text":"',
  read: (json, seed) => {
    const request = readMessagesRequest(json, 'messages');
    if ('refusal' in request) return request;
    return {
      ...request,
      userText: request.lastUserText,
      answer: () => makeAnswer(request, seed),
      body: (answer, shape) => messageBody(answer, request, shape),
      events: (answer, shape) => messageEvents(answer, request, shape),
      failureEvents,
      failureBody,
    } satisfies Task;
  },
};

/** `POST /v1/messages/count_tokens`: costs nothing and is never streamed. */
export const countTokens: Dialect = {
  ...anthropicDialect,
  endpoint: 'count_tokens',
  bodyOpening: '{"input_tokens":1,"note":"',
  read: (json) => {
    const request = readMessagesRequest(json, 'count_tokens');
    if ('refusal' in request) return request;
    return {
      ...request,
      stream: false,
      choices: 0,
      userText: request.lastUserText,
      answer: () => FREE_ANSWER,
      body: (_, shape) => countBody(request, shape),
      events: () => [],
      failureEvents,
      failureBody,
    } satisfies Task;
  },
};

const FREE_ANSWER: Answer = {
  id: 'count',
  created: 0,
  choices: [],
  usage: { promptTokens: 0, completionTokens: 0, reasoningTokens: 0, cachedTokens: 0, cacheWriteTokens: 0 },
};

const countBody = ({ promptTokens }: MessagesRequest, shape: Shape = {}): JsonObject => ({
  ...(shape.withoutUsage !== true && { input_tokens: promptTokens }),
  ...(shape.finishReason !== undefined && { stop_reason: shape.finishReason }),
});
