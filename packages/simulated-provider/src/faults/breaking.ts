import type { Choice, Delta } from '../answers/answer.js';
import { sentencesOf } from '../answers/pseudo-text.js';
import { piecesOf } from '../answers/text-choice.js';
import { type Serving, STREAM_HEADERS } from '../exchange.js';
import { type Random, randomFrom } from '../random.js';
import { completionJson, frame, type StreamEvent, streamEvents } from '../render.js';
import { serveAnswer } from '../serve-answer.js';

const ENDLESS_MS_MAX = 600_000;
/** Time for the peer to read what was written, before a reset makes the rest worthless. */
const BEFORE_RESET_MS = 50;

/** Everything up to half of the output, at least one piece of it. */
function halfOf(events: Iterable<StreamEvent>): StreamEvent[] {
  const before = [...events].filter((event) => event.kind === 'role' || event.kind === 'delta');
  const roles = before.filter((event) => event.kind === 'role').length;
  return before.slice(0, roles + Math.ceil((before.length - roles) / 2));
}

/** Begins an answer and stops halfway, with the response still open. */
async function serveHalf({ exchange, chat, answer, delayMs }: Serving): Promise<void> {
  if (chat.stream) {
    exchange.begin(200, STREAM_HEADERS);
    exchange.billPrompt(answer());
    await exchange.sendEvents(halfOf(streamEvents(answer(), chat)), delayMs);
    return;
  }
  const body = Buffer.from(JSON.stringify(completionJson(answer(), chat)));
  exchange.begin(200, { 'content-type': 'application/json' });
  exchange.billAll(answer());
  exchange.response.write(body.subarray(0, body.length / 2));
}

/** Half an answer, then a reset connection. */
export async function resetMidStream(serving: Serving): Promise<void> {
  await serveHalf(serving);
  await serving.exchange.wait(BEFORE_RESET_MS);
  if (!serving.exchange.signal.aborted) serving.exchange.reset();
}

/** Half an answer, then the connection is closed without the terminator of the chunked body. */
export async function cut(serving: Serving): Promise<void> {
  await serveHalf(serving);
  if (!serving.exchange.signal.aborted) serving.exchange.cut();
}

/** Half an answer in a response that is properly ended. */
export async function cutClean(serving: Serving): Promise<void> {
  await serveHalf(serving);
  serving.exchange.complete(undefined, false);
}

/** Half an answer, then an error event that repeats the prompt. Not streamed, it is the error alone, with 200. */
export async function errorMidStream(serving: Serving): Promise<void> {
  const error = {
    message: `The model stopped while working on: "${serving.chat.lastUserText}"`,
    type: 'server_error',
    param: null,
    code: 'engine_failed',
  };
  await serveAnswer(serving, {
    *events(events) {
      yield* halfOf(events);
      yield { kind: 'finish', text: frame({ error }) };
    },
    body: () => JSON.stringify({ error }),
    completed: false,
  });
}

/** Talks until the client leaves, or for ten minutes; not streamed, it is one string that never closes. */
export async function talkForever({ exchange, chat, answer, delayMs }: Serving): Promise<void> {
  const deadline = Date.now() + ENDLESS_MS_MAX;
  const endless = endlessChoice(() => randomFrom(answer().id, 'endless'), deadline);
  exchange.billPrompt(answer());
  exchange.begin(200, chat.stream ? STREAM_HEADERS : { 'content-type': 'application/json' });
  const events = chat.stream
    ? streamEvents({ ...answer(), choices: [endless] }, chat)
    : bareEvents('{"object":"chat.completion","choices":[{"message":{"content":"', endless);
  await exchange.sendEvents(events, Math.max(1, delayMs));
  if (!exchange.signal.aborted) exchange.cut();
}

const endlessChoice = (random: () => Random, deadline: number): Choice => ({
  message: {},
  logprobs: null,
  finishReason: 'stop',
  outputs: [],
  *deltas(): Generator<Delta> {
    const source = random();
    while (Date.now() < deadline) {
      for (const piece of piecesOf(`${sentencesOf(64, source)} `, source)) {
        yield { delta: { content: piece }, part: 'content', text: piece };
      }
    }
  },
});

function* bareEvents(opening: string, choice: Choice): Generator<StreamEvent> {
  yield { kind: 'role', text: opening };
  for (const { part, text } of choice.deltas()) {
    yield { kind: 'delta', text, output: { choice: 0, part, text } };
  }
}
