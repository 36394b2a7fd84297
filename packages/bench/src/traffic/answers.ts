import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const modelName = 'gpt-4o-mini';
const usage = {
  prompt_tokens: 311,
  completion_tokens: 100,
  total_tokens: 411,
  prompt_tokens_details: { cached_tokens: 128, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: 0,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
};
const jsonBytes = 1126;
const eventCount = 100;

/** A chat completion of 1.1 KB with usage. */
const jsonAnswer = (): string => {
  const answer = (content: string): string =>
    JSON.stringify({
      id: 'chatcmpl-bench0000000000000000000000',
      object: 'chat.completion',
      created: 1_763_769_600,
      model: modelName,
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content, refusal: null, annotations: [] },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage,
      service_tier: 'default',
      system_fingerprint: 'fp_bench',
    });
  const words = 'The quick answer is that "it depends", as always. ';
  return answer(words.repeat(20).slice(0, jsonBytes - answer('').length - 20));
};

const event = (change: object): string =>
  `data: ${JSON.stringify({
    id: 'chatcmpl-bench0000000000000000000000',
    object: 'chat.completion.chunk',
    created: 1_763_769_600,
    model: modelName,
    service_tier: 'default',
    system_fingerprint: 'fp_bench',
    ...change,
  })}\n\n`;

/** 100 events of content; what the mock adds when it is asked for usage; the end. */
const streamedAnswer = (): { readonly content: string; readonly usage: string; readonly end: string } => {
  const events = Array.from({ length: eventCount }, (_, index) =>
    event({
      choices: [
        {
          index: 0,
          delta: {
            ...(index === 0 && { role: 'assistant' }),
            content: ` word${String(index).padStart(3, '0')}`,
          },
          logprobs: null,
          finish_reason: index === eventCount - 1 ? 'stop' : null,
        },
      ],
    }),
  );
  return { content: events.join(''), usage: event({ choices: [], usage }), end: 'data: [DONE]\n\n' };
};

/** Files with what the mock answers, and with what a client must get that did not ask for usage. */
export interface AnswerFiles {
  readonly json: string;
  readonly events: string;
  readonly stream: string;
}

export const writeAnswers = (folder: string): AnswerFiles => {
  const { content, usage: usageEvent, end } = streamedAnswer();
  const files = {
    json: join(folder, 'answer.json'),
    events: join(folder, 'events.txt'),
    stream: join(folder, 'stream.txt'),
  };
  writeFileSync(files.json, jsonAnswer());
  writeFileSync(files.events, content + usageEvent + end);
  writeFileSync(files.stream, content + end);
  return files;
};
