import { type Json, type JsonObject, listOr, objectOr } from '../../json-codec.js';
import {
  type Message,
  type ModelRequest,
  namesIn,
  numberOr,
  refuseUnknownFields,
  type Tool,
  textOf,
  wholeNumberWithin,
} from '../../model-request.js';
import type { Model } from '../../models.js';
import { badRequest, type Refusal } from '../../refusals.js';
import { promptTokensOf } from '../../tokens.js';
import { readModel } from '../read-model.js';

const TOP_LOGPROBS_MAX = 20;

const KNOWN_FIELDS = namesIn(
  `background context_management conversation include input instructions max_output_tokens max_tool_calls metadata
   model moderation parallel_tool_calls previous_response_id prompt prompt_cache_key prompt_cache_options
   prompt_cache_retention reasoning safety_identifier service_tier store stream stream_options temperature text
   tool_choice tools top_logprobs top_p truncation user`,
);

export interface ResponsesRequest extends ModelRequest {
  /** The body as received, because a response repeats much of it. */
  readonly fields: JsonObject;
  readonly includeObfuscation: boolean;
  readonly encryptsReasoning: boolean;
  readonly summarizesReasoning: boolean;
}

/** Reads a decoded request body into what the answers need, or says why the provider refuses it. */
export function readResponsesRequest(json: Json | undefined): ResponsesRequest | { refusal: Refusal } {
  const read = readModel(json, 'responses');
  if ('refusal' in read) return read;
  const { fields, model, answerModel } = read;
  const refusal = findFault(fields, model);
  if (refusal !== null) return { refusal };
  const messages = messagesOf(fields);
  const last = messages.at(-1);
  const tools = listOr(fields.tools);
  const include = listOr(fields.include);
  return {
    fields,
    model,
    answerModel,
    messages,
    lastUserText: messages.findLast(({ role, text }) => role === 'user' && text !== '')?.text ?? '',
    toolResult: last?.role === 'tool' ? last.text : null,
    stream: fields.stream === true,
    choices: 1,
    tokensMax: numberOr(fields.max_output_tokens, null),
    stops: [],
    seed: '',
    logprobs: include.includes('message.output_text.logprobs'),
    topLogprobs: numberOr(fields.top_logprobs, 0),
    tools: tools.map(readTool).filter((tool) => tool !== undefined),
    toolChoice: toolChoiceOf(fields.tool_choice),
    jsonFormat: jsonFormatOf(objectOr(objectOr(fields.text).format)),
    promptTokens: promptTokensOf(
      messages.map(({ text }) => text),
      tools,
    ),
    marksCache: false,
    includeObfuscation: objectOr(fields.stream_options).include_obfuscation === true,
    encryptsReasoning: include.includes('reasoning.encrypted_content'),
    summarizesReasoning: typeof objectOr(fields.reasoning).summary === 'string',
  };
}

function findFault(json: JsonObject, model: Model): Refusal | null {
  const unknown = refuseUnknownFields(json, model, KNOWN_FIELDS);
  if (unknown !== null) return unknown;
  const sources = [json.input, json.prompt, json.previous_response_id, json.conversation];
  if (sources.every((source) => source === undefined || source === null)) {
    return badRequest("Missing required parameter: 'input'.", 'input');
  }
  if (!wholeNumberWithin(json.max_output_tokens, 1, Number.MAX_SAFE_INTEGER)) {
    return badRequest("'max_output_tokens' must be a whole number of at least 1.", 'max_output_tokens');
  }
  if (!wholeNumberWithin(json.top_logprobs, 0, TOP_LOGPROBS_MAX)) {
    return badRequest(`'top_logprobs' must be 0 to ${TOP_LOGPROBS_MAX}.`, 'top_logprobs');
  }
  return null;
}

function messagesOf({ instructions, input }: JsonObject): Message[] {
  const system = typeof instructions === 'string' ? [{ role: 'system', text: instructions }] : [];
  const items = typeof input === 'string' ? [{ role: 'user', text: input }] : listOr(input).map(readItem);
  return [...system, ...items];
}

/** Items that hold no text, and those that this provider knows nothing of, cost nothing. */
function readItem(json: Json): Message {
  const item = objectOr(json);
  switch (item.type ?? 'message') {
    case 'message':
      return { role: String(item.role ?? ''), text: textOf(item.content) };
    case 'function_call':
      return { role: 'assistant', text: `${item.name}${item.arguments}` };
    case 'custom_tool_call':
      return { role: 'assistant', text: `${item.name}${item.input}` };
    case 'function_call_output':
    case 'custom_tool_call_output':
      return { role: 'tool', text: textOf(item.output) };
    default:
      return { role: 'other', text: textOf(item.summary) };
  }
}

function readTool(json: Json): Tool | undefined {
  const { type, name, parameters } = objectOr(json);
  if (typeof name !== 'string') return undefined;
  if (type === 'custom') return { name, schema: null };
  return type === 'function' ? { name, schema: parameters ?? { type: 'object' } } : undefined;
}

function toolChoiceOf(choice: Json | undefined): ModelRequest['toolChoice'] {
  if (choice === 'none') return 'none';
  const { name } = objectOr(choice);
  return typeof name === 'string' ? { name } : 'any';
}

function jsonFormatOf({ type, schema }: JsonObject): ModelRequest['jsonFormat'] {
  if (type === 'json_schema') return { schema: schema ?? {} };
  return type === 'json_object' ? { schema: null } : null;
}
