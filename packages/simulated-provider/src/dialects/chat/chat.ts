import { makeAnswer } from '../../answers/make-answer.js';
import type { Dialect, Task } from '../dialect.js';
import { frameText } from '../dialect.js';
import { openAiDialect, openAiError, openAiErrorEvents } from '../openai-dialect.js';
import { readChatRequest } from './read-chat.js';
import { chatBody, chatEvents } from './render-chat.js';

/** `POST /v1/chat/completions`. */
export const chat: Dialect = {
  ...openAiDialect,
  endpoint: 'chat',
  bodyOpening: '{"object":"chat.completion","choices":[{"message":{"content":"',
  brokenEvent: (text) => frameText(`{"choices":[{"delta":{"content":${JSON.stringify(text)},,`),
  read: (json, seed) => {
    const request = readChatRequest(json);
    if ('refusal' in request) return request;
    return {
      ...request,
      userText: request.lastUserText,
      answer: () => makeAnswer(request, seed),
      body: (answer, shape) => chatBody(answer, request, shape),
      events: (answer, shape) => chatEvents(answer, request, shape),
      failureEvents: (_, refusal) => openAiErrorEvents(refusal),
      failureBody: (_, refusal) => openAiError(refusal),
    } satisfies Task;
  },
};
