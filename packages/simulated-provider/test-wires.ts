import { decodeJson, type Json, type JsonObject, listOr, objectOr } from './src/json-codec.js';
import type { Endpoint } from './src/models.js';
import { type Ask, ask, choicesOf, chunksOf, type Reply, user } from './test-client.js';

/** Tokens as the ledger counts them, whatever the dialect calls them. */
export interface Tokens {
  readonly input: Json;
  readonly output: Json;
  readonly cached: Json;
  readonly cacheWrite: Json;
  readonly reasoning: Json;
}

/** How one endpoint is asked, and how its answers are read. */
export interface Wire {
  readonly endpoint: Endpoint;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly streams: boolean;
  body(model: string, text: string, rest?: JsonObject): JsonObject;
  /** What is said in a body. */
  textOf(body: JsonObject): string;
  tokensOf(body: JsonObject): Tokens;
  /** What is said in a stream. */
  streamedText(reply: Reply): string;
  streamedTokens(reply: Reply): Tokens;
  finishOf(body: JsonObject): Json | undefined;
  streamedFinish(reply: Reply): Json | undefined;
  errorOf(body: JsonObject): JsonObject;
  /** True for a stream that came to its proper end. */
  hasEnd(reply: Reply): boolean;
}

const at = (value: Json | undefined, ...path: (string | number)[]): Json | undefined =>
  path.reduce<Json | undefined>(
    (inner, step) => (typeof step === 'number' ? listOr(inner).at(step) : objectOr(inner)[step]),
    value,
  );

const joined = (texts: (Json | undefined)[]): string =>
  texts.filter((text) => typeof text === 'string').join('');

const ofType = (reply: Reply, type: string): JsonObject[] =>
  chunksOf(reply).filter((event) => event.type === type);

const openAiTokens = (usage: Json | undefined, input: string, output: string): Tokens => ({
  input: at(usage, `${input}_tokens`) ?? 0,
  output: at(usage, `${output}_tokens`) ?? 0,
  cached: at(usage, `${input}_tokens_details`, 'cached_tokens') ?? 0,
  cacheWrite: at(usage, `${input}_tokens_details`, 'cache_write_tokens') ?? 0,
  reasoning: at(usage, `${output}_tokens_details`, 'reasoning_tokens') ?? 0,
});

const completionTokens = (usage: Json | undefined): Tokens => openAiTokens(usage, 'prompt', 'completion');

const USAGE_ASKED = { stream_options: { include_usage: true } };

const inOpenAi = {
  headers: {},
  streams: true,
  tokensOf: (body: JsonObject) => completionTokens(body.usage),
  streamedTokens: (reply: Reply) => completionTokens(chunksOf(reply).at(-1)?.usage),
  finishOf: (body: JsonObject) => at(body, 'choices', 0, 'finish_reason'),
  streamedFinish: (reply: Reply) =>
    chunksOf(reply)
      .flatMap(choicesOf)
      .map((choice) => choice.finish_reason)
      .findLast((reason) => reason !== null),
  errorOf: (body: JsonObject) => objectOr(body.error),
  hasEnd: (reply: Reply) => reply.body.toString().endsWith('data: [DONE]\n\n'),
};

const chat: Wire = {
  ...inOpenAi,
  endpoint: 'chat',
  path: '/v1/chat/completions',
  body: (model, text, rest = {}) => ({
    model,
    messages: [user(text)],
    ...(rest.stream === true && USAGE_ASKED),
    ...rest,
  }),
  textOf: (body) => joined([at(body, 'choices', 0, 'message', 'content')]),
  streamedText: (reply) =>
    joined(chunksOf(reply).map((chunk) => at(chunk, 'choices', 0, 'delta', 'content'))),
};

const completions: Wire = {
  ...inOpenAi,
  endpoint: 'completions',
  path: '/v1/completions',
  body: (model, text, rest = {}) => ({
    model,
    prompt: text,
    ...(rest.stream === true && USAGE_ASKED),
    ...rest,
  }),
  textOf: (body) => joined([at(body, 'choices', 0, 'text')]),
  streamedText: (reply) => joined(chunksOf(reply).map((chunk) => at(chunk, 'choices', 0, 'text'))),
};

const responseFinish = (body: JsonObject): Json | undefined =>
  at(body, 'incomplete_details', 'reason') ?? body.status;

/** The event that a stream of responses ends with. */
const terminalOf = (reply: Reply): JsonObject =>
  chunksOf(reply).findLast(({ type }) => /^response\.(completed|incomplete|failed)$/.test(String(type))) ??
  {};

const responses: Wire = {
  ...inOpenAi,
  endpoint: 'responses',
  path: '/v1/responses',
  body: (model, text, rest = {}) => ({ model, input: text, ...rest }),
  textOf: (body) =>
    joined(
      listOr(body.output)
        .flatMap((item) => listOr(at(item, 'content')))
        .filter((part) => at(part, 'type') === 'output_text')
        .map((part) => at(part, 'text')),
    ),
  tokensOf: (body) => openAiTokens(body.usage, 'input', 'output'),
  streamedText: (reply) => joined(ofType(reply, 'response.output_text.delta').map(({ delta }) => delta)),
  streamedTokens: (reply) => openAiTokens(at(terminalOf(reply), 'response', 'usage'), 'input', 'output'),
  finishOf: responseFinish,
  streamedFinish: (reply) => responseFinish(objectOr(terminalOf(reply).response)),
  hasEnd: (reply) => ['response.completed', 'response.incomplete'].includes(String(terminalOf(reply).type)),
};

const messageTokens = (usage: JsonObject): Tokens => {
  const count = (name: string): number => Number(usage[name] ?? 0);
  const [cached, cacheWrite] = [count('cache_read_input_tokens'), count('cache_creation_input_tokens')];
  return {
    input: count('input_tokens') + cached + cacheWrite,
    output: count('output_tokens'),
    cached,
    cacheWrite,
    reasoning: at(usage, 'output_tokens_details', 'thinking_tokens') ?? 0,
  };
};

const messages: Wire = {
  endpoint: 'messages',
  path: '/v1/messages',
  headers: { authorization: '', 'x-api-key': 'any', 'anthropic-version': '2023-06-01' },
  streams: true,
  body: (model, text, rest = {}) => ({ model, max_tokens: 50_000, messages: [user(text)], ...rest }),
  textOf: (body) => joined(listOr(body.content).map((block) => at(block, 'text'))),
  tokensOf: (body) => messageTokens(objectOr(body.usage)),
  streamedText: (reply) =>
    joined(ofType(reply, 'content_block_delta').map((event) => at(event, 'delta', 'text'))),
  streamedTokens: (reply) => messageTokens(objectOr(ofType(reply, 'message_delta').at(-1)?.usage)),
  finishOf: (body) => body.stop_reason,
  streamedFinish: (reply) => at(ofType(reply, 'message_delta').at(-1), 'delta', 'stop_reason'),
  errorOf: (body) => objectOr(body.error),
  hasEnd: (reply) => ofType(reply, 'message_stop').length === 1,
};

const embeddings: Wire = {
  ...inOpenAi,
  endpoint: 'embeddings',
  path: '/v1/embeddings',
  streams: false,
  body: (model, text, rest = {}) => ({ model, input: text, dimensions: 16, ...rest }),
  textOf: (body) => JSON.stringify(body.data),
  finishOf: (body) => at(body, 'data', 0, 'finish_reason'),
  streamedText: () => '',
};

const countTokens: Wire = {
  ...messages,
  endpoint: 'count_tokens',
  path: '/v1/messages/count_tokens',
  streams: false,
  body: (model, text, rest = {}) => ({ model, messages: [user(text)], ...rest }),
  textOf: (body) => joined([body.input_tokens === undefined ? undefined : String(body.input_tokens)]),
};

export const WIRES: readonly Wire[] = [chat, completions, responses, embeddings, messages, countTokens];

export function wireOf(endpoint: Endpoint): Wire {
  const found = WIRES.find((wire) => wire.endpoint === endpoint);
  if (found === undefined) throw new Error(`no wire for ${endpoint}`);
  return found;
}

export interface WireAsk extends Ask {
  readonly model: string;
  readonly text?: string;
  readonly rest?: JsonObject;
}

/** Asks an endpoint in its own dialect. */
export const askWire = (
  url: string,
  wire: Wire,
  { model, text, rest, ...options }: WireAsk,
): Promise<Reply> =>
  ask(`${url}${wire.path}`, {
    body: JSON.stringify(wire.body(model, text ?? 'Hello there', rest)),
    ...options,
    headers: { ...wire.headers, ...options.headers },
  });

export const bodyJson = (reply: Reply): JsonObject => objectOr(decodeJson(reply.body));
