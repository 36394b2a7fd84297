import type { IncomingHttpHeaders } from 'node:http';
import { isObject, type Json, type JsonObject, listOr, objectOr } from './json-codec.js';
import type { Endpoint } from './models.js';

const NAMES_MAX = 128;
const NAME_CHARACTERS_MAX = 64;
const VALUE_CHARACTERS_MAX = 128;
const BETA_CHARACTERS_MAX = 512;
const VALUES_KEPT = [
  'accept',
  'accept-encoding',
  'connection',
  'content-length',
  'content-type',
  'expect',
  'transfer-encoding',
  'user-agent',
] as const;
/** Kept only when they look as their dialect wants them. */
const VALUES_CHECKED = {
  'anthropic-version': /^\d{4}-\d{2}-\d{2}$/,
  'anthropic-beta': /^[a-z0-9-]+-\d{4}-\d{2}-\d{2}(, ?[a-z0-9-]+-\d{4}-\d{2}-\d{2})*$/,
} as const;
const INCLUDES = [
  'code_interpreter_call.outputs',
  'computer_call_output.output.image_url',
  'file_search_call.results',
  'message.input_image.image_url',
  'message.output_text.logprobs',
  'reasoning.encrypted_content',
  'web_search_call.action.sources',
  'web_search_call.results',
] as const;
const REQUEST_ID_HEADERS = ['x-request-id', 'x-lethe-request-id', 'x-client-request-id'] as const;

/** What this provider says it served: counts, names and flags, no text of the request or the answer. */
export interface LedgerEntry {
  /** Counts up from 1 over the life of the provider, through resets. */
  readonly sequence: number;
  /** `redirect_target` is asked for only by a client that followed `fault-redirect`. */
  readonly route: Endpoint | 'redirect_target';
  /** A name from this provider's list, or `unknown`. */
  model: string;
  stream: boolean;
  /** HTTP status sent; 0 while or when no head was sent. */
  status: number;
  promptTokens: number;
  /** Tokens handed to the caller; for a whole answer the same as its `usage`, for a broken stream what got out. */
  completionTokens: number;
  cachedTokens: number;
  cacheWriteTokens: number;
  reasoningTokens: number;
  choices: number;
  /** Still being served. */
  open: boolean;
  /** All that this model wanted to say was handed to the socket. */
  completed: boolean;
  /** The client went away first. */
  aborted: boolean;
  /** Events of a stream that were sent, `[DONE]` included. */
  chunksSent: number;
  bytesReceived: number;
  /** Top-level names of the request body, as received. */
  bodyFields: readonly string[];
  headerNames: readonly string[];
  /** Values of a few headers that only describe the transport. */
  headerValues: Readonly<Record<string, string>>;
  store: boolean | null;
  /** A real provider would have kept what this request made: OpenAI Responses do so unless they are told not to. */
  stored: boolean;
  /** Fields with a value that make a provider keep something, or look up what it kept. */
  stateFields: readonly string[];
  /** What of the known `include` values was asked for. */
  include: readonly string[];
  streamOptions: { includeUsage: boolean | null; includeObfuscation: boolean | null } | null;
  tokensMax: number | null;
  /** A request id that the caller sent along, if its characters are harmless. */
  requestId: string | null;
}

export const LEDGER_ENTRIES_MAX = 10_000;

/** The last 10,000 requests, in memory. */
export class Ledger {
  readonly #entriesMax: number;
  #entries: LedgerEntry[] = [];
  #sequence = 0;

  constructor(entriesMax = LEDGER_ENTRIES_MAX) {
    this.#entriesMax = entriesMax;
  }

  open(route: LedgerEntry['route'], headers: IncomingHttpHeaders): LedgerEntry {
    this.#sequence += 1;
    const entry: LedgerEntry = {
      sequence: this.#sequence,
      route,
      model: 'unknown',
      stream: false,
      status: 0,
      promptTokens: 0,
      completionTokens: 0,
      cachedTokens: 0,
      cacheWriteTokens: 0,
      reasoningTokens: 0,
      choices: 0,
      open: true,
      completed: false,
      aborted: false,
      chunksSent: 0,
      bytesReceived: 0,
      bodyFields: [],
      headerNames: namesOf(headers),
      headerValues: keptValues(headers),
      store: null,
      stored: false,
      stateFields: [],
      include: [],
      streamOptions: null,
      tokensMax: null,
      requestId: requestIdOf(headers),
    };
    this.#entries.push(entry);
    // Trimmed in blocks: shifting a long list on every request would cost more than the request.
    if (this.#entries.length > this.#entriesMax * 1.25)
      this.#entries = this.#entries.slice(-this.#entriesMax);
    return entry;
  }

  /** Copies, oldest first. */
  entries(): LedgerEntry[] {
    return structuredClone(this.#entries.slice(-this.#entriesMax));
  }

  clear(): void {
    this.#entries = [];
  }
}

/** What the endpoint knows about keeping; the rest of a body is read the same way everywhere. */
interface Keeping {
  keeps(json: JsonObject): boolean;
  readonly stateFields: readonly string[];
}

/** Notes what the request's fields were called, and the few flags that routers set on their own. */
export function noteBody(entry: LedgerEntry, json: Json | undefined, endpoint: Keeping): void {
  if (!isObject(json)) return;
  entry.bodyFields = namesOf(json);
  entry.store = booleanOr(json.store);
  entry.stored = endpoint.keeps(json);
  entry.stateFields = endpoint.stateFields.filter((name) => isSet(json[name]));
  entry.include = INCLUDES.filter((name) => listOr(json.include).includes(name));
  if (!isObject(json.stream_options)) return;
  const options = objectOr(json.stream_options);
  entry.streamOptions = {
    includeUsage: booleanOr(options.include_usage),
    includeObfuscation: booleanOr(options.include_obfuscation),
  };
}

const isSet = (value: Json | undefined): boolean => value !== undefined && value !== null && value !== false;

const booleanOr = (value: Json | undefined): boolean | null => (typeof value === 'boolean' ? value : null);

const namesOf = (fields: object): string[] =>
  Object.keys(fields)
    .slice(0, NAMES_MAX)
    .map((name) => name.slice(0, NAME_CHARACTERS_MAX))
    .sort();

function keptValues(headers: IncomingHttpHeaders): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of VALUES_KEPT) {
    const value = headers[name];
    if (typeof value === 'string') kept[name] = value.slice(0, VALUE_CHARACTERS_MAX);
  }
  for (const [name, looks] of Object.entries(VALUES_CHECKED)) {
    const value = headers[name];
    if (typeof value === 'string' && value.length <= BETA_CHARACTERS_MAX && looks.test(value))
      kept[name] = value;
  }
  return kept;
}

function requestIdOf(headers: IncomingHttpHeaders): string | null {
  const value = REQUEST_ID_HEADERS.map((name) => headers[name]).find((found) => typeof found === 'string');
  return typeof value === 'string' && /^[\w.:-]{1,64}$/.test(value) ? value : null;
}
