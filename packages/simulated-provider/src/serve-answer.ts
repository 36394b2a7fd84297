import type { OutgoingHttpHeaders } from 'node:http';
import type { Shape, StreamEvent } from './dialects/dialect.js';
import { type Serving, STREAM_HEADERS } from './exchange.js';
import type { JsonObject } from './json-codec.js';

export interface AnswerChange {
  readonly headers?: OutgoingHttpHeaders;
  readonly shape?: Shape;
  /** Replaces the events of a streamed answer. */
  readonly events?: (events: Iterable<StreamEvent>) => Iterable<StreamEvent>;
  /** Replaces the body of a whole answer. */
  readonly body?: (body: JsonObject) => string;
  /** False when what is sent lacks what a whole answer has. */
  readonly completed?: boolean;
}

/** Serves the answer, streamed or whole, with the changes that a fault wants. */
export async function serveAnswer(serving: Serving, change: AnswerChange = {}): Promise<void> {
  const { exchange, task, delayMs } = serving;
  const answer = serving.answer();
  if (task.stream) {
    exchange.begin(200, { ...STREAM_HEADERS, ...change.headers });
    exchange.billPrompt(answer);
    const events = task.events(answer, change.shape);
    await exchange.sendEvents(change.events?.(events) ?? events, delayMs);
    exchange.complete(undefined, change.completed);
    return;
  }
  const body = task.body(answer, change.shape);
  const bytes = Buffer.from(change.body?.(body) ?? JSON.stringify(body));
  exchange.begin(200, {
    'content-type': 'application/json',
    'content-length': bytes.length,
    ...change.headers,
  });
  exchange.billAll(answer);
  exchange.complete(bytes, change.completed);
}
