import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { DIALECTS } from './dialects/all.js';
import { refuseKey } from './dialects/authorization.js';
import { openAiError } from './dialects/openai-dialect.js';
import { Exchange } from './exchange.js';
import { FirstAttempts } from './first-attempts.js';
import type { Json } from './json-codec.js';
import { Ledger, type LedgerEntry } from './ledger.js';
import { type Listening, listen } from './listen.js';
import { modelEntryJson, modelListJson } from './models.js';
import { brokenHere, notFound, type Refusal, wrongMethod } from './refusals.js';
import { type ServerState, serveRequest } from './serve-request.js';

export interface SimulatedProviderOptions {
  /** 0, the default, picks a free one. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Answers depend on it; the same seed gives the same answers. */
  readonly seed?: string;
  /** Pause between the events of a stream; default 0. A model name's `~<ms>` overrides it. */
  readonly chunkDelayMs?: number;
  /** Keeps the last request body for `GET /__last`; default false. */
  readonly keepLast?: boolean;
}

export interface SimulatedProvider extends Listening {
  /** What was served, oldest first, the last 10,000. */
  ledger(): LedgerEntry[];
  /** The last request body as received; null without one, and always null unless `keepLast` is set. */
  last(): Buffer | null;
  /** Forgets the ledger, the last body and which bodies `-then-ok` models have failed. */
  reset(): void;
}

interface State extends ServerState {
  readonly ledger: Ledger;
  readonly last: () => Buffer | null;
  readonly reset: () => void;
}

const REDIRECT_TARGET = '/v1/redirect-target';

/** Starts the provider. Rejects with the system's error (`code: 'EADDRINUSE'`, …) when it cannot listen. */
export async function startSimulatedProvider(
  options: SimulatedProviderOptions = {},
): Promise<SimulatedProvider> {
  const state = makeState(options);
  const server = createServer((request, response) => {
    route(request, response, state);
  });
  const listening = await listen(server, options);
  return {
    ...listening,
    ledger: () => state.ledger.entries(),
    last: state.last,
    reset: state.reset,
  };
}

function makeState(options: SimulatedProviderOptions): State {
  const ledger = new Ledger();
  const attempts = new FirstAttempts();
  let last: Buffer | null = null;
  return {
    seed: options.seed ?? '',
    chunkDelayMs: options.chunkDelayMs ?? 0,
    attempts,
    ledger,
    keepLast: (body) => {
      if (options.keepLast === true) last = body;
    },
    last: () => last,
    reset: () => {
      ledger.clear();
      attempts.clear();
      last = null;
    },
  };
}

function route(request: IncomingMessage, response: ServerResponse, state: State): void {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const dialect = DIALECTS[path];
  if (dialect !== undefined && request.method === 'POST') {
    const entry = state.ledger.open(dialect.endpoint, request.headers);
    const exchange = new Exchange(request, response, entry, dialect);
    serveRequest(exchange, state).catch(() => giveUp(exchange));
    return;
  }
  request.resume();
  response.on('error', () => undefined);
  if (path === REDIRECT_TARGET) {
    const entry = state.ledger.open('redirect_target', request.headers);
    entry.status = 200;
    entry.completed = true;
    entry.open = false;
  }
  const reply = replyTo(path, request, state);
  response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
  response.end(reply.body);
}

/** An answer could not be made: an error of this program, told apart from the faults by its code. */
function giveUp(exchange: Exchange): void {
  if (exchange.response.headersSent) exchange.reset();
  else exchange.refuse(brokenHere());
}

interface Reply {
  readonly status: number;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

const jsonReply = (body: Json, status = 200): Reply => ({ status, body: JSON.stringify(body) });

const refusalReply = (refusal: Refusal, body = openAiError(refusal)): Reply => ({
  ...jsonReply(body, refusal.status),
  headers: refusal.headers,
});

function replyTo(path: string, { method, headers }: IncomingMessage, state: State): Reply {
  const dialect = DIALECTS[path];
  if (dialect !== undefined) {
    const refusal = wrongMethod('POST');
    return refusalReply(refusal, dialect.errorBody(refusal, 'req_sim0'));
  }
  if (path === REDIRECT_TARGET) return jsonReply({ followed: true });
  const known = REPLIES[path] ?? (path.startsWith('/v1/models/') ? MODEL_ENTRY : undefined);
  if (known === undefined) return refusalReply(notFound());
  const make = known[method ?? ''];
  if (make === undefined) return refusalReply(wrongMethod(Object.keys(known).join(', ')));
  const refusal = path.startsWith('/v1/') ? refuseKey(headers) : null;
  return refusal === null ? make(state, path) : refusalReply(refusal);
}

type MakeReply = (state: State, path: string) => Reply;

const MODEL_ENTRY: Readonly<Record<string, MakeReply>> = {
  GET: (_, path) => {
    const entry = modelEntryJson(path.slice('/v1/models/'.length));
    return entry === null ? refusalReply(notFound()) : jsonReply(entry);
  },
};

const REPLIES: Readonly<Record<string, Readonly<Record<string, MakeReply>>>> = {
  '/healthz': { GET: () => jsonReply({ status: 'ok' }) },
  '/readyz': { GET: () => jsonReply({ status: 'ok' }) },
  '/v1/models': { GET: () => jsonReply(modelListJson()) },
  '/__ledger': {
    GET: ({ ledger }) => ({ status: 200, body: JSON.stringify({ data: ledger.entries() }) }),
    DELETE: ({ reset }) => {
      reset();
      return { status: 204, body: '' };
    },
  },
  '/__last': {
    GET: ({ last }) => {
      const body = last();
      if (body === null) return refusalReply(notFound());
      return { status: 200, body, headers: { 'content-type': 'application/octet-stream' } };
    },
  },
};
