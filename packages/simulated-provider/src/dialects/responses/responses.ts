import { makeAnswer } from '../../answers/make-answer.js';
import type { Refusal } from '../../refusals.js';
import { type Dialect, frame, frameText, type StreamEvent, type Task } from '../dialect.js';
import { openAiDialect } from '../openai-dialect.js';
import { outputItems } from './output-items.js';
import { readResponsesRequest } from './read-response.js';
import { responseEvents } from './response-events.js';
import { endedJson, failedJson } from './response-json.js';

/** `POST /v1/responses`. Real providers keep what is made here, unless they are told not to. */
export const responses: Dialect = {
  ...openAiDialect,
  endpoint: 'responses',
  keeps: (json) => json.store !== false,
  stateFields: ['background', 'conversation', 'previous_response_id', 'prompt'],
  bodyOpening:
    '{"object":"response","status":"completed","output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"',
  brokenEvent: (text) =>
    frameText(
      `{"type":"response.output_text.delta","delta":${JSON.stringify(text)},,`,
      'response.output_text.delta',
    ),
  read: (json, seed) => {
    const request = readResponsesRequest(json);
    if ('refusal' in request) return request;
    return {
      ...request,
      userText: request.lastUserText,
      answer: () => makeAnswer(request, seed),
      body: (answer, shape = {}) => {
        const output = outputItems(answer, request).map(({ finished }) => finished);
        return endedJson(answer, request, { output, shape });
      },
      events: (answer, shape) => responseEvents(answer, request, shape),
      failureEvents: (answer, refusal, eventsBefore) => [
        errorEvent(refusal, eventsBefore),
        {
          kind: 'close',
          text: frame(
            {
              type: 'response.failed',
              response: failedJson(answer, request, refusal),
              sequence_number: eventsBefore + 1,
            },
            'response.failed',
          ),
        },
      ],
      failureBody: (answer, refusal) => failedJson(answer, request, refusal),
    } satisfies Task;
  },
};

/** In both of its forms: the fields where they are documented, and again where they were seen. */
function errorEvent({ type, message, param, code }: Refusal, sequence: number): StreamEvent {
  const error = { type, code, message, param };
  return {
    kind: 'close',
    text: frame({ type: 'error', code, message, param, sequence_number: sequence, error }, 'error'),
  };
}
