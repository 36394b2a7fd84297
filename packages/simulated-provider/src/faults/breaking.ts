import type { Choice } from '../answers/answer.js';
import { sentencesOf } from '../answers/pseudo-text.js';
import { piecesOf } from '../answers/text-choice.js';
import type { StreamEvent } from '../dialects/dialect.js';
import { type Serving, STREAM_HEADERS } from '../exchange.js';
import { type Random, randomFrom } from '../random.js';
import type { Refusal } from '../refusals.js';
import { serveAnswer } from '../serve-answer.js';

export const ENDLESS_MS_MAX = 600_000;
/** Time for the peer to read what was written, before a reset makes the rest worthless. */
const BEFORE_RESET_MS = 50;

/** Everything up to half of the output, at least one piece of it. */
export function halfOf(events: Iterable<StreamEvent>): StreamEvent[] {
  const all = [...events];
  const deltas = all.filter((event) => event.kind === 'delta');
  const last = deltas[Math.ceil(deltas.length / 2) - 1];
  return last === undefined ? all.slice(0, 1) : all.slice(0, all.indexOf(last) + 1);
}

/** Begins an answer and stops halfway, with the response still open. */
async function serveHalf({ exchange, task, answer, delayMs }: Serving): Promise<void> {
  if (task.stream) {
    exchange.begin(200, STREAM_HEADERS);
    exchange.billPrompt(answer());
    await exchange.sendEvents(halfOf(task.events(answer())), delayMs);
    return;
  }
  const body = Buffer.from(JSON.stringify(task.body(answer())));
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

/** Half an answer, then an error that repeats the prompt. Not streamed, it is the error alone, with 200. */
export async function errorMidStream(serving: Serving): Promise<void> {
  const { task, answer } = serving;
  const refusal: Refusal = {
    status: 500,
    type: 'server_error',
    message: `The model stopped while working on: "${task.userText}"`,
    param: null,
    code: 'engine_failed',
    details: {},
    headers: {},
  };
  await serveAnswer(serving, {
    *events(events) {
      const half = halfOf(events);
      yield* half;
      yield* task.failureEvents(answer(), refusal, half.length);
    },
    body: () => JSON.stringify(task.failureBody(answer(), refusal)),
    completed: false,
  });
}

/** Talks until the client leaves, or for ten minutes; not streamed, it is one string that never closes. */
export async function talkForever({ exchange, task, answer, delayMs }: Serving): Promise<void> {
  const deadline = Date.now() + ENDLESS_MS_MAX;
  const endless = endlessChoice(randomFrom(answer().id, 'endless'), deadline);
  exchange.billPrompt(answer());
  exchange.begin(200, task.stream ? STREAM_HEADERS : { 'content-type': 'application/json' });
  const events = task.stream
    ? task.events({ ...answer(), choices: [endless] })
    : bareEvents(exchange.dialect.bodyOpening, endless);
  await exchange.sendEvents(events, Math.max(1, delayMs));
  if (!exchange.signal.aborted) exchange.cut();
}

const endlessChoice = (random: Random, deadline: number): Choice => ({
  parts: [{ kind: 'content', text: '', tokenEntry: null, pieces: () => endlessPieces(random, deadline) }],
  finishReason: 'stop',
  stopSequence: null,
  everywhere: null,
});

function* endlessPieces(random: Random, deadline: number): Generator<string> {
  while (Date.now() < deadline) yield* piecesOf(`${sentencesOf(64, random)} `, random);
}

function* bareEvents(opening: string, choice: Choice): Generator<StreamEvent> {
  yield { kind: 'open', text: opening };
  for (const part of choice.parts) {
    for (const text of part.pieces()) {
      yield { kind: 'delta', text, output: { choice: 0, part: part.kind, text } };
    }
  }
}
