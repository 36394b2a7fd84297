import { once } from 'node:events';
import type { Answer } from './answers/answer.js';
import { makeAnswer } from './answers/make-answer.js';
import { type ChatRequest, readChatRequest } from './chat-request.js';
import type { Exchange } from './exchange.js';
import { FAULTS } from './faults/faults.js';
import type { FirstAttempts } from './first-attempts.js';
import { decodeJson } from './json-codec.js';
import { noteBody } from './ledger.js';
import { readBody } from './read-body.js';
import { tooLarge, unauthorized } from './refusals.js';
import { serveAnswer } from './serve-answer.js';

const REFUSED_TOKEN = 'invalid-key';

export interface ChatServer {
  readonly seed: string;
  readonly chunkDelayMs: number;
  readonly attempts: FirstAttempts;
  /** Takes the raw body of each request, where bodies are kept at all. */
  readonly keepLast: (body: Buffer) => void;
}

/** True for any bearer token but the one that stands for a wrong key. */
export function isAuthorized(authorization: string | undefined): boolean {
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  return token !== undefined && token !== REFUSED_TOKEN;
}

/** Serves one `POST /v1/chat/completions`. */
export async function serveChat(exchange: Exchange, server: ChatServer): Promise<void> {
  const { request, response, entry } = exchange;
  const body = await readBody(request);
  if (body === 'gone') {
    // The response's own `close` settles the entry; it may come a moment after the request's.
    if (!exchange.signal.aborted) await once(response, 'close');
    return;
  }
  if (body === 'too_large') {
    const refusal = tooLarge();
    exchange.refuse({ ...refusal, headers: { connection: 'close' } });
    return;
  }
  entry.bytesReceived = body.length;
  server.keepLast(body);
  if (!isAuthorized(request.headers.authorization)) return exchange.refuse(unauthorized());

  const json = decodeJson(body);
  noteBody(entry, json);
  const chat = readChatRequest(json);
  if ('refusal' in chat) return exchange.refuse(chat.refusal);
  noteRequest(exchange, chat);

  const { model } = chat;
  const serving = {
    exchange,
    chat,
    answer: onFirstUse(() => makeAnswer(chat, server.seed)),
    delayMs: model.chunkDelayMs ?? server.chunkDelayMs,
  };
  const strikes = model.fault !== null && (!model.thenOk || server.attempts.isFirst(body));
  await (strikes && model.fault !== null ? FAULTS[model.fault](serving) : serveAnswer(serving));
}

function noteRequest({ entry }: Exchange, chat: ChatRequest): void {
  entry.model = chat.model.name;
  entry.stream = chat.stream;
  entry.choices = chat.choices;
  entry.tokensMax = chat.tokensMax;
}

function onFirstUse(make: () => Answer): () => Answer {
  let made: Answer | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
