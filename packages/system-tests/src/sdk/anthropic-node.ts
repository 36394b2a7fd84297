import Anthropic from '@anthropic-ai/sdk';
import type {
  Message,
  MessageCreateParamsNonStreaming,
  MessageParam,
  Usage,
} from '@anthropic-ai/sdk/resources/messages';
import { z } from 'zod';
import { inParallel } from '../support/figures.js';
import { ASKED_MODELS, LEFT_STREAM, type Left, PARALLEL, type SdkTask, type Served } from './served.js';

type Ask = MessageCreateParamsNonStreaming;
interface Answered {
  readonly message: Message;
  readonly served: Served;
}

const TOKENS_MAX = 20_000;
const idOf = (response: Response): string => response.headers.get('x-lethe-request-id') ?? '';

/** What was read from a cache and written to one is told apart from the input here, and is input all the same. */
const inputOf = (usage: Usage): number =>
  usage.input_tokens + (usage.cache_creation_input_tokens ?? 0) + (usage.cache_read_input_tokens ?? 0);

const servedOf = (message: Message, model: string, response: Response, streaming: boolean): Served => ({
  requestId: idOf(response),
  endpoint: 'messages',
  model,
  streaming,
  finishReason: message.stop_reason ?? '',
  usage: { input: inputOf(message.usage), output: message.usage.output_tokens },
});

const textOf = ({ content }: Message): string =>
  content.map((block) => (block.type === 'text' ? block.text : '')).join('');

const askWhole = async (client: Anthropic, ask: Ask): Promise<Answered> => {
  const { data, response } = await client.messages.create(ask).withResponse();
  return { message: data, served: servedOf(data, ask.model, response, false) };
};

/** By the helper that puts a message together. */
const askStreamed = async (client: Anthropic, ask: Ask): Promise<Answered> => {
  const { data, response } = await client.messages.stream(ask).withResponse();
  const message = await data.finalMessage();
  return { message, served: servedOf(message, ask.model, response, true) };
};

/** Event by event, without the helper: the counts at a stream's end replace those of its beginning. */
const askForEvents = async (client: Anthropic, ask: Ask): Promise<Answered> => {
  const { data, response } = await client.messages.create({ ...ask, stream: true }).withResponse();
  let message: Message | undefined;
  let text = '';
  for await (const event of data) {
    if (event.type === 'message_start') message = event.message;
    if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text;
    if (event.type === 'message_delta' && message !== undefined) {
      message.stop_reason = event.delta.stop_reason;
      message.usage.output_tokens = event.usage.output_tokens;
    }
  }
  if (message === undefined) throw new Error('a stream of a message has no beginning');
  message.content = [{ type: 'text', text, citations: null }];
  return { message, served: servedOf(message, ask.model, response, true) };
};

const askEither = (client: Anthropic, ask: Ask, streaming: boolean): Promise<Answered> => {
  if (!streaming) return askWhole(client, ask);
  return ask.model === 'sim/chat' ? askForEvents(client, ask) : askStreamed(client, ask);
};

const askTwoTurns = async (
  client: Anthropic,
  model: string,
  streaming: boolean,
  turns: readonly [string, string],
): Promise<Served[]> => {
  const messages: MessageParam[] = [{ role: 'user', content: turns[0] }];
  const ask: Ask = { model, messages, max_tokens: TOKENS_MAX, system: 'Say what you are asked to say.' };
  // A model that fills its limit must have a small one.
  if (model === 'sim/chat') ask.max_tokens = 64;
  const first = await askEither(client, ask, streaming);
  if (model === 'sim/echo' && textOf(first.message) !== turns[0])
    throw new Error('the echo is not what was said');
  messages.push(
    { role: 'assistant', content: first.message.content },
    { role: 'user', content: [{ type: 'text', text: turns[1] }] },
  );
  const second = await askEither(client, ask, streaming);
  if (model === 'sim/echo' && textOf(second.message) !== turns[1])
    throw new Error('the echo is not what was said');
  return [first.served, second.served];
};

const tools: Anthropic.Tool[] = [
  {
    name: 'look_up_weather',
    description: 'Looks up the weather.',
    input_schema: {
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'integer' } },
      required: ['city', 'days'],
    },
  },
];

/** The model calls a tool, the program answers, the model takes the answer up. */
const useTool = async (client: Anthropic, streaming: boolean): Promise<Served[]> => {
  const messages: MessageParam[] = [{ role: 'user', content: 'What will it be like in Oslo?' }];
  const ask: Ask = { model: 'sim/tools', messages, tools, max_tokens: TOKENS_MAX };
  const asked = await askEither(client, ask, streaming);
  const call = asked.message.content.find(({ type }) => type === 'tool_use');
  if (call?.type !== 'tool_use') throw new Error('no tool was called');
  const { city } = call.input as { city: string };
  messages.push(
    { role: 'assistant', content: asked.message.content },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: `Rain in ${city}` }] },
  );
  const answered = await askEither(client, ask, streaming);
  if (!textOf(answered.message).includes('Rain in'))
    throw new Error('the answer of the tool did not come through');
  return [asked.served, answered.served];
};

/** Thoughts come with a signature and go back with the next turn. */
const think = async (client: Anthropic, streaming: boolean): Promise<Served[]> => {
  const messages: MessageParam[] = [{ role: 'user', content: 'Why is the sea salty?' }];
  const ask: Ask = {
    model: 'sim/reasoning',
    messages,
    max_tokens: TOKENS_MAX,
    thinking: { type: 'enabled', budget_tokens: 1_024 },
  };
  const first = await askEither(client, ask, streaming);
  const [thought] = first.message.content;
  if (thought?.type !== 'thinking' || thought.thinking === '' || thought.signature === '')
    throw new Error('the thoughts did not come signed');
  messages.push(
    { role: 'assistant', content: first.message.content },
    { role: 'user', content: 'And lakes?' },
  );
  return [first.served, (await askEither(client, ask, streaming)).served];
};

/** A prompt that is marked for a cache is counted in three parts. */
const useCache = async (client: Anthropic, streaming: boolean): Promise<Served> => {
  const text = 'You are terse, and you know the river and the people beside it. '.repeat(40);
  const { message, served } = await askEither(
    client,
    {
      model: 'sim/echo',
      system: [{ type: 'text', text, cache_control: { type: 'ephemeral' } }],
      messages: [{ role: 'user', content: 'Who lives there?' }],
      max_tokens: TOKENS_MAX,
    },
    streaming,
  );
  const { cache_creation_input_tokens: written, cache_read_input_tokens: read } = message.usage;
  if (!written || !read) throw new Error('the cache was not counted');
  return served;
};

const Book = z.object({ title: z.string(), year: z.number().int(), tags: z.array(z.string()) });

const useStructure = async (client: Anthropic): Promise<Served> => {
  const model = 'sim/structured';
  const { data, response } = await client.messages
    .create({
      model,
      messages: [{ role: 'user', content: 'Name a book.' }],
      max_tokens: TOKENS_MAX,
      output_config: { format: { type: 'json_schema', schema: z.toJSONSchema(Book) } },
    })
    .withResponse();
  if (!Book.safeParse(JSON.parse(textOf(data))).success) throw new Error('what came does not fit');
  return servedOf(data, model, response, false);
};

const count = async (client: Anthropic): Promise<Served> => {
  const model = 'sim/echo';
  const messages: MessageParam[] = [{ role: 'user', content: 'How much is this?' }];
  const { data, response } = await client.messages
    .countTokens({ model, messages, tools, system: 'Be exact.' })
    .withResponse();
  if (data.input_tokens < 10) throw new Error('nothing was counted');
  return {
    requestId: idOf(response),
    endpoint: 'count_tokens',
    model,
    streaming: false,
    finishReason: '',
    usage: { input: 0, output: 0 },
  };
};

const clientsOf = ({
  baseUrl,
  apiKey,
}: SdkTask): { readonly byKey: Anthropic; readonly byToken: Anthropic } => {
  const baseURL = new URL(baseUrl).origin;
  return {
    byKey: new Anthropic({ baseURL, apiKey, authToken: null }),
    byToken: new Anthropic({ baseURL, apiKey: null, authToken: apiKey }),
  };
};

/** Messages by the official package, unchanged but for base URL and key: half of them with `x-api-key`, half with a bearer token. */
export const askMessagesWithNode = async (task: SdkTask): Promise<Served[]> => {
  const { byKey, byToken } = clientsOf(task);
  const clients = [byKey, byToken] as const;
  const asks = clients.flatMap((client) =>
    ASKED_MODELS.flatMap((model) =>
      task.questions.map((turns) => () => askTwoTurns(client, model, client === byToken, turns)),
    ),
  );
  const answers = (await inParallel(asks, PARALLEL, (ask) => ask())).flat();
  for (const client of clients) {
    const streaming = client === byToken;
    answers.push(...(await useTool(client, streaming)), ...(await think(client, streaming)));
    answers.push(await useCache(client, streaming), await count(client));
  }
  return [...answers, await useStructure(byKey)];
};

/** The models that Anthropic's package lists. */
export const modelsByAnthropic = async (task: SdkTask): Promise<string[]> => {
  const models: string[] = [];
  for await (const { id } of clientsOf(task).byKey.models.list()) models.push(id);
  return models;
};

/** Leaves a stream after so many pieces of text. */
export const leaveMessageWithNode = async (task: SdkTask, chunks: number): Promise<Left> => {
  const { model, prompt, tokensMax } = LEFT_STREAM;
  const { data, response } = await clientsOf(task)
    .byKey.messages.create({
      model,
      messages: [{ role: 'user', content: prompt }],
      max_tokens: tokensMax,
      stream: true,
    })
    .withResponse();
  let chunksSeen = 0;
  for await (const { type } of data) {
    if (type === 'content_block_delta') chunksSeen += 1;
    if (chunksSeen === chunks) break; // Leaving the loop aborts the request.
  }
  return { requestId: idOf(response), endpoint: 'messages', chunksSeen };
};
