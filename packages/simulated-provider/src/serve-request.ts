import { once } from 'node:events';
import type { Answer } from './answers/answer.js';
import type { Task } from './dialects/dialect.js';
import type { Exchange } from './exchange.js';
import { FAULTS } from './faults/faults.js';
import type { FirstAttempts } from './first-attempts.js';
import { decodeJson } from './json-codec.js';
import { noteBody } from './ledger.js';
import { readBody } from './read-body.js';
import { tooLarge } from './refusals.js';
import { serveAnswer } from './serve-answer.js';

export interface ServerState {
  readonly seed: string;
  readonly chunkDelayMs: number;
  readonly attempts: FirstAttempts;
  /** Takes the raw body of each request, where bodies are kept at all. */
  readonly keepLast: (body: Buffer) => void;
}

/** Serves one request to a model, in its own dialect. */
export async function serveRequest(exchange: Exchange, server: ServerState): Promise<void> {
  const { request, response, entry, dialect } = exchange;
  const body = await readBody(request);
  if (body === 'gone') {
    // The response's own `close` settles the entry; it may come a moment after the request's.
    if (!exchange.signal.aborted) await once(response, 'close');
    return;
  }
  if (body === 'too_large') return exchange.refuse(tooLarge());
  entry.bytesReceived = body.length;
  server.keepLast(body);
  const refusal = dialect.refuseHeaders(request.headers);
  if (refusal !== null) return exchange.refuse(refusal);

  const json = decodeJson(body);
  noteBody(entry, json, dialect);
  const task = dialect.read(json, server.seed);
  if ('refusal' in task) return exchange.refuse(task.refusal);
  noteTask(exchange, task);

  const { model } = task;
  const serving = {
    exchange,
    task,
    answer: onFirstUse(task.answer),
    delayMs: model.chunkDelayMs ?? server.chunkDelayMs,
  };
  const strikes = model.fault !== null && (!model.thenOk || server.attempts.isFirst(body));
  await (strikes && model.fault !== null ? FAULTS[model.fault](serving) : serveAnswer(serving));
}

function noteTask({ entry }: Exchange, task: Task): void {
  entry.model = task.model.name;
  entry.stream = task.stream;
  entry.choices = task.choices;
  entry.tokensMax = task.tokensMax;
}

function onFirstUse(make: () => Answer): () => Answer {
  let made: Answer | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
