import { isObject, type Json, type JsonObject, listOr, objectOr } from './json-codec.js';
import { type Model, parseModel } from './models.js';
import { badRequest, modelNotFound, type Refusal } from './refusals.js';

const CHOICES_MAX = 16;
const STOPS_MAX = 4;
const TOP_LOGPROBS_MAX = 20;

/** Every top-level field that OpenAI's Chat Completions take; `strict-` models refuse all others. */
const KNOWN_FIELDS: ReadonlySet<string> = new Set(
  `messages model audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens
   max_tokens metadata modalities moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key
   prompt_cache_options prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier
   stop store stream stream_options temperature tool_choice tools top_logprobs top_p user verbosity
   web_search_options`.split(/\s+/),
);

export interface ChatMessage {
  readonly role: string;
  /** The string content, or the text parts joined. */
  readonly text: string;
}

export interface ChatRequest {
  readonly model: Model;
  readonly messages: readonly ChatMessage[];
  /** The text of the last message with role `user`; empty without one. */
  readonly lastUserText: string;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly includeObfuscation: boolean;
  readonly choices: number;
  readonly tokensMax: number | null;
  readonly stops: readonly string[];
  readonly seed: string;
  readonly logprobs: boolean;
  readonly topLogprobs: number;
  readonly tools: Json[];
  readonly toolChoice: Json;
  readonly responseFormat: JsonObject;
}

/** Reads a decoded request body into what the answers need, or says why the provider refuses it. */
export function readChatRequest(json: Json | undefined): ChatRequest | { refusal: Refusal } {
  if (!isObject(json))
    return { refusal: badRequest('We could not parse the JSON body of your request.', null) };
  if (typeof json.model !== 'string')
    return { refusal: badRequest('you must provide a model parameter', null) };
  const model = parseModel(json.model);
  if (model === null) return { refusal: modelNotFound(json.model) };
  const refusal = findFault(json, model);
  if (refusal !== null) return { refusal };
  const messages = listOr(json.messages).map(readMessage);
  const streamOptions = objectOr(json.stream_options);
  return {
    model,
    messages,
    lastUserText: messages.findLast((message) => message.role === 'user')?.text ?? '',
    stream: json.stream === true,
    includeUsage: streamOptions.include_usage === true,
    includeObfuscation: streamOptions.include_obfuscation === true,
    choices: numberOr(json.n, 1),
    tokensMax: tokensMaxOf(json),
    stops: typeof json.stop === 'string' ? [json.stop] : stringsOf(json.stop),
    seed: typeof json.seed === 'number' ? String(json.seed) : '',
    logprobs: json.logprobs === true,
    topLogprobs: numberOr(json.top_logprobs, 0),
    tools: listOr(json.tools),
    toolChoice: json.tool_choice ?? 'auto',
    responseFormat: objectOr(json.response_format),
  };
}

function findFault(json: JsonObject, model: Model): Refusal | null {
  const unknown = model.strict ? Object.keys(json).filter((name) => !KNOWN_FIELDS.has(name)) : [];
  if (unknown.length > 0) {
    return badRequest(`Unrecognized request arguments supplied: ${unknown.join(', ')}`, null);
  }
  if (listOr(json.messages).length === 0) {
    return badRequest("Invalid 'messages': expected an array with at least one message.", 'messages');
  }
  if (!wholeNumberWithin(json.n, 1, CHOICES_MAX)) return badRequest(`'n' must be 1 to ${CHOICES_MAX}.`, 'n');
  for (const name of ['max_tokens', 'max_completion_tokens']) {
    if (!wholeNumberWithin(json[name], 1, Number.MAX_SAFE_INTEGER)) {
      return badRequest(`'${name}' must be a whole number of at least 1.`, name);
    }
  }
  if (!wholeNumberWithin(json.top_logprobs, 0, TOP_LOGPROBS_MAX)) {
    return badRequest(`'top_logprobs' must be 0 to ${TOP_LOGPROBS_MAX}.`, 'top_logprobs');
  }
  if (listOr(json.stop).length > STOPS_MAX) {
    return badRequest(`'stop' takes at most ${STOPS_MAX} sequences.`, 'stop');
  }
  if (isObject(json.stream_options) && json.stream !== true) {
    return badRequest("'stream_options' is only allowed when 'stream' is enabled.", 'stream_options');
  }
  return null;
}

/** True for an absent or null value as well: every number of a request is optional. */
const wholeNumberWithin = (value: Json | undefined, least: number, most: number): boolean =>
  value === undefined ||
  value === null ||
  (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most);

const numberOr = (value: Json | undefined, fallback: number): number =>
  typeof value === 'number' ? value : fallback;

const tokensMaxOf = (json: JsonObject): number | null => {
  const limit = json.max_completion_tokens ?? json.max_tokens;
  return typeof limit === 'number' ? limit : null;
};

const stringsOf = (value: Json | undefined): string[] =>
  listOr(value).filter((entry): entry is string => typeof entry === 'string' && entry.length > 0);

function readMessage(message: Json): ChatMessage {
  const { role, content } = objectOr(message);
  const text =
    typeof content === 'string'
      ? content
      : listOr(content)
          .map((part) => objectOr(part).text)
          .filter((part) => typeof part === 'string')
          .join('');
  return { role: typeof role === 'string' ? role : '', text };
}
