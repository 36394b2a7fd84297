import { isObject, type Json, type JsonObject, listOr, objectOr } from '../../json-codec.js';
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
import { cacheMarkOf } from './cache-mark.js';

const COUNTED_FIELDS = `messages model cache_control mcp_servers output_config speed system thinking tool_choice tools
   user_profile_id workspace_id`;

const KNOWN_FIELDS = {
  count_tokens: namesIn(COUNTED_FIELDS),
  messages: namesIn(
    `${COUNTED_FIELDS} container context_management diagnostics inference_geo max_tokens metadata output_format
     service_tier stop_sequences stream temperature top_k top_p`,
  ),
} as const;

export interface MessagesRequest extends ModelRequest {
  /** How long marked parts of the prompt are to stay in the cache. */
  readonly cacheTtl: '5m' | '1h';
  readonly inferenceGeo: string | null;
}

/** Reads a decoded request body into what the answers need, or says why the provider refuses it. */
export function readMessagesRequest(
  json: Json | undefined,
  endpoint: keyof typeof KNOWN_FIELDS,
): MessagesRequest | { refusal: Refusal } {
  const read = readModel(json, endpoint);
  if ('refusal' in read) return read;
  const { fields, model, answerModel } = read;
  const refusal = findFault(fields, model, endpoint);
  if (refusal !== null) return { refusal };
  const turns = listOr(fields.messages).map(objectOr);
  const messages = messagesOf(fields.system, turns);
  const tools = listOr(fields.tools);
  const mark = cacheMarkOf(fields);
  return {
    model,
    answerModel,
    messages,
    lastUserText:
      turns
        .filter(({ role }) => role === 'user')
        .map(spokenText)
        .findLast(Boolean) ?? '',
    toolResult: toolResultOf(turns.at(-1)),
    stream: fields.stream === true,
    choices: 1,
    tokensMax: numberOr(fields.max_tokens, null),
    stops: stringsOf(fields.stop_sequences),
    seed: '',
    logprobs: false,
    topLogprobs: 0,
    tools: tools.map(readTool).filter((tool) => tool !== undefined),
    toolChoice: toolChoiceOf(objectOr(fields.tool_choice)),
    jsonFormat: jsonFormatOf(objectOr(objectOr(fields.output_config).format ?? fields.output_format)),
    promptTokens: promptTokensOf(
      messages.map(({ text }) => text),
      tools,
    ),
    marksCache: mark !== null,
    cacheTtl: mark ?? '5m',
    inferenceGeo: fields.inference_geo === 'us' ? 'us' : null,
  };
}

function findFault(json: JsonObject, model: Model, endpoint: keyof typeof KNOWN_FIELDS): Refusal | null {
  const unknown = refuseUnknownFields(json, model, KNOWN_FIELDS[endpoint]);
  if (unknown !== null) return unknown;
  if (listOr(json.messages).length === 0) {
    return badRequest('messages: at least one message is required', 'messages');
  }
  if (endpoint === 'count_tokens') return null;
  if (json.max_tokens === undefined) return badRequest('max_tokens: Field required', 'max_tokens');
  if (json.max_tokens === null || !wholeNumberWithin(json.max_tokens, 1, Number.MAX_SAFE_INTEGER)) {
    return badRequest('max_tokens: Input should be a whole number of at least 1', 'max_tokens');
  }
  return null;
}

function messagesOf(system: Json | undefined, turns: readonly JsonObject[]): Message[] {
  const first = system === undefined ? [] : [{ role: 'system', text: textOf(system) }];
  return [...first, ...turns.map((turn) => ({ role: String(turn.role ?? ''), text: costlyText(turn) }))];
}

/** What the user said in a turn, without results of tools. */
const spokenText = ({ content }: JsonObject): string => textOf(content);

/** All text of a turn that costs tokens. */
function costlyText({ content }: JsonObject): string {
  if (typeof content === 'string') return content;
  return listOr(content).map(objectOr).map(blockText).join('');
}

function blockText(block: JsonObject): string {
  switch (block.type) {
    case 'text':
      return textOf([block]);
    case 'thinking':
      return typeof block.thinking === 'string' ? block.thinking : '';
    case 'tool_use':
      return `${block.name}${JSON.stringify(block.input ?? {})}`;
    case 'tool_result':
      return textOf(block.content);
    case 'document': {
      const { data, type } = objectOr(block.source);
      return type === 'text' && typeof data === 'string' ? data : '';
    }
    default:
      return '';
  }
}

/** The text of all results that the last turn brings; null when it brings none. */
function toolResultOf(turn: JsonObject | undefined): string | null {
  const results = listOr(turn?.content)
    .map(objectOr)
    .filter(({ type }) => type === 'tool_result');
  return results.length === 0 ? null : results.map(({ content }) => textOf(content)).join('');
}

/** Tools that the provider runs itself have no schema here, and are never called. */
function readTool(json: Json): Tool | undefined {
  const { name, input_schema: schema } = objectOr(json);
  return typeof name === 'string' && isObject(schema) ? { name, schema } : undefined;
}

function toolChoiceOf({ type, name }: JsonObject): ModelRequest['toolChoice'] {
  if (type === 'none') return 'none';
  return type === 'tool' && typeof name === 'string' ? { name } : 'any';
}

const jsonFormatOf = ({ type, schema }: JsonObject): ModelRequest['jsonFormat'] =>
  type === 'json_schema' ? { schema: schema ?? {} } : null;
