import { type Dialect, frameText, type Task } from '../dialect.js';
import { openAiDialect, openAiError, openAiErrorEvents } from '../openai-dialect.js';
import { readCompletionRequest } from './read-completion.js';
import { completionAnswer, completionBody, completionEvents } from './render-completion.js';

/** `POST /v1/completions`. */
export const completions: Dialect = {
  ...openAiDialect,
  endpoint: 'completions',
  bodyOpening: '{"object":"text_completion","choices":[{"index":0,"text":"',
  brokenEvent: (text) =>
    frameText(`{"object":"text_completion","choices":[{"text":${JSON.stringify(text)},,`),
  read: (json, seed) => {
    const request = readCompletionRequest(json);
    if ('refusal' in request) return request;
    return {
      ...request,
      choices: request.choices * request.prompts.length,
      userText: request.lastUserText,
      answer: () => completionAnswer(request, seed),
      body: (answer, shape) => completionBody(answer, request, shape),
      events: (answer, shape) => completionEvents(answer, request, shape),
      failureEvents: (_, refusal) => openAiErrorEvents(refusal),
      failureBody: (_, refusal) => openAiError(refusal),
    } satisfies Task;
  },
};
