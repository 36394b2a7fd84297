import { type Json, type JsonObject, listOr, objectOr } from '../../json-codec.js';
import {
  type Message,
  type ModelRequest,
  namesIn,
  numberOr,
  refuseUnknownFields,
  stringsOf,
  type Tool,
  textOf,
  wholeNumberWithin,
} from '../../model-request.js';
import type { Model } from '../../models.js';
import { badRequest, type Refusal } from '../../refusals.js';
import { promptTokensOf } from '../../tokens.js';
import { readModel } from '../read-model.js';
import { findSamplingFault, type StreamOptions, streamOptionsOf } from '../sampling-fields.js';

const TOP_LOGPROBS_MAX = 20;

/** Every top-level field that OpenAI's Chat Completions take; `strict-` models refuse all others. */
const KNOWN_FIELDS = namesIn(
  `messages model audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens
   max_tokens metadata modalities moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key
   prompt_cache_options prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier
   stop store stream stream_options temperature tool_choice tools top_logprobs top_p user verbosity
   web_search_options`,
);

export interface ChatRequest extends ModelRequest, StreamOptions {}

/** Reads a decoded request body into what the answers need, or says why the provider refuses it. */
export function readChatRequest(json: Json | undefined): ChatRequest | { refusal: Refusal } {
  const read = readModel(json, 'chat');
  if ('refusal' in read) return read;
  const { fields, model, answerModel } = read;
  const refusal = findFault(fields, model);
  if (refusal !== null) return { refusal };
  const messages = listOr(fields.messages).map(readMessage);
  const last = messages.at(-1);
  const tools = listOr(fields.tools);
  return {
    model,
    answerModel,
    messages,
    lastUserText: messages.findLast((message) => message.role === 'user')?.text ?? '',
    toolResult: last?.role === 'tool' ? last.text : null,
    stream: fields.stream === true,
    ...streamOptionsOf(fields),
    choices: numberOr(fields.n, 1),
    tokensMax: numberOr(fields.max_completion_tokens ?? fields.max_tokens, null),
    stops: typeof fields.stop === 'string' ? [fields.stop] : stringsOf(fields.stop),
    seed: typeof fields.seed === 'number' ? String(fields.seed) : '',
    logprobs: fields.logprobs === true,
    topLogprobs: numberOr(fields.top_logprobs, 0),
    tools: tools.map(readTool).filter((tool) => tool !== undefined),
    toolChoice: toolChoiceOf(fields.tool_choice),
    jsonFormat: jsonFormatOf(objectOr(fields.response_format)),
    promptTokens: promptTokensOf(
      messages.map(({ text }) => text),
      tools,
    ),
    marksCache: false,
  };
}

function findFault(json: JsonObject, model: Model): Refusal | null {
  const unknown = refuseUnknownFields(json, model, KNOWN_FIELDS);
  if (unknown !== null) return unknown;
  if (listOr(json.messages).length === 0) {
    return badRequest("Invalid 'messages': expected an array with at least one message.", 'messages');
  }
  if (!wholeNumberWithin(json.top_logprobs, 0, TOP_LOGPROBS_MAX)) {
    return badRequest(`'top_logprobs' must be 0 to ${TOP_LOGPROBS_MAX}.`, 'top_logprobs');
  }
  return findSamplingFault(json);
}

function readMessage(message: Json): Message {
  const { role, content } = objectOr(message);
  return { role: typeof role === 'string' ? role : '', text: textOf(content) };
}

function readTool(json: Json): Tool | undefined {
  const { name, parameters } = objectOr(objectOr(json).function);
  return typeof name === 'string' ? { name, schema: parameters ?? { type: 'object' } } : undefined;
}

function toolChoiceOf(choice: Json | undefined): ModelRequest['toolChoice'] {
  if (choice === 'none') return 'none';
  const { name } = objectOr(objectOr(choice).function);
  return typeof name === 'string' ? { name } : 'any';
}

function jsonFormatOf({ type, json_schema: wrapper }: JsonObject): ModelRequest['jsonFormat'] {
  if (type === 'json_schema') return { schema: objectOr(wrapper).schema ?? {} };
  return type === 'json_object' ? { schema: null } : null;
}
