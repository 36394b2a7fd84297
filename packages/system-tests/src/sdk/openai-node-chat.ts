import type OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import type { ChatCompletion, ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import { z } from 'zod';
import { inParallel } from '../support/figures.js';
import {
  ASKED_MODELS,
  LEFT_STREAM,
  type Left,
  PARALLEL,
  type SdkRun,
  type SdkTask,
  type Served,
} from './served.js';

type Ask = {
  readonly model: string;
  readonly streaming: boolean;
  readonly turns: readonly [string, string];
};

const endpoint = 'chat_completions' as const;
const idOf = (response: Response): string => response.headers.get('x-lethe-request-id') ?? '';

const servedOf = (completion: ChatCompletion, model: string, response: Response): Served => ({
  requestId: idOf(response),
  endpoint,
  model,
  streaming: false,
  finishReason: completion.choices[0]?.finish_reason ?? '',
  usage:
    completion.usage === undefined
      ? null
      : { input: completion.usage.prompt_tokens, output: completion.usage.completion_tokens },
});

const askWhole = async (client: OpenAI, model: string, messages: ChatCompletionMessageParam[]) => {
  const { data, response } = await client.chat.completions.create({ model, messages }).withResponse();
  return { text: data.choices[0]?.message.content ?? '', served: servedOf(data, model, response) };
};

/** Streams of sim/chat ask for usage, as some programs do; streams of sim/echo do not, as most do. */
const askStreamed = async (client: OpenAI, model: string, messages: ChatCompletionMessageParam[]) => {
  const includeUsage = model === 'sim/chat';
  const { data, response } = await client.chat.completions
    .create({
      model,
      messages,
      stream: true,
      ...(includeUsage && { stream_options: { include_usage: true } }),
    })
    .withResponse();
  let text = '';
  let finishReason = '';
  let usage: Served['usage'] = null;
  for await (const { choices, usage: counted } of data) {
    text += choices[0]?.delta.content ?? '';
    finishReason = choices[0]?.finish_reason ?? finishReason;
    if (counted !== undefined && counted !== null)
      usage = { input: counted.prompt_tokens, output: counted.completion_tokens };
    if (!includeUsage && choices.length === 0)
      throw new Error('a chunk without choices reached a program that did not ask for usage');
  }
  return {
    text,
    served: { requestId: idOf(response), endpoint, model, streaming: true, finishReason, usage },
  };
};

const askTwoTurns = async (client: OpenAI, { model, streaming, turns }: Ask): Promise<Served[]> => {
  const ask = streaming ? askStreamed : askWhole;
  const messages: ChatCompletionMessageParam[] = [{ role: 'user', content: turns[0] }];
  const first = await ask(client, model, messages);
  if (model === 'sim/echo' && first.text !== turns[0]) throw new Error('the echo is not what was said');
  messages.push({ role: 'assistant', content: first.text }, { role: 'user', content: turns[1] });
  const second = await ask(client, model, messages);
  if (model === 'sim/echo' && second.text !== turns[1]) throw new Error('the echo is not what was said');
  return [first.served, second.served];
};

/** The model calls a tool, the program answers, the model takes the answer up. */
const useTool = async (client: OpenAI): Promise<Served[]> => {
  const model = 'sim/tools';
  const tools: OpenAI.ChatCompletionTool[] = [
    {
      type: 'function',
      function: {
        name: 'look_up_weather',
        description: 'Looks up the weather.',
        parameters: {
          type: 'object',
          properties: { city: { type: 'string' }, days: { type: 'integer' } },
          required: ['city', 'days'],
        },
      },
    },
  ];
  const messages: ChatCompletionMessageParam[] = [{ role: 'user', content: 'What will it be like in Oslo?' }];
  const asked = await client.chat.completions.create({ model, messages, tools }).withResponse();
  const message = asked.data.choices[0]?.message;
  const call = message?.tool_calls?.[0];
  if (message === undefined || call?.type !== 'function') throw new Error('no tool was called');
  const { city } = JSON.parse(call.function.arguments) as { city: string };
  messages.push(message, { role: 'tool', tool_call_id: call.id, content: `Rain in ${city}` });
  const answered = await client.chat.completions.create({ model, messages, tools }).withResponse();
  if (!answered.data.choices[0]?.message.content?.includes('Rain in'))
    throw new Error('the answer of the tool did not come through');
  return [servedOf(asked.data, model, asked.response), servedOf(answered.data, model, answered.response)];
};

const Book = z.object({ title: z.string(), year: z.number().int(), tags: z.array(z.string()) });

const useStructure = async (client: OpenAI): Promise<Served> => {
  const model = 'sim/structured';
  const { data, response } = await client.chat.completions
    .parse({
      model,
      messages: [{ role: 'user', content: 'Name a book.' }],
      response_format: zodResponseFormat(Book, 'book'),
    })
    .withResponse();
  if (!Book.safeParse(data.choices[0]?.message.parsed).success)
    throw new Error('what was parsed does not fit');
  return servedOf(data, model, response);
};

/** Leaves a stream after so many chunks. */
export const leaveChatWithNode = async (client: OpenAI, chunks: number): Promise<Left> => {
  const { data, response } = await client.chat.completions
    .create({
      model: LEFT_STREAM.model,
      messages: [{ role: 'user', content: LEFT_STREAM.prompt }],
      max_tokens: LEFT_STREAM.tokensMax,
      stream: true,
    })
    .withResponse();
  let chunksSeen = 0;
  for await (const _ of data) {
    chunksSeen += 1;
    if (chunksSeen === chunks) break; // Leaving the loop aborts the request.
  }
  return { requestId: idOf(response), endpoint, chunksSeen };
};

/** Chat Completions by the official package, unchanged but for base URL and key. */
export const askChatWithNode = async (
  client: OpenAI,
  { questions }: SdkTask,
): Promise<Pick<SdkRun, 'models' | 'answers'>> => {
  const models = (await client.models.list()).data.map(({ id }) => id);
  const asks = ASKED_MODELS.flatMap((model) =>
    [false, true].flatMap((streaming) => questions.map((turns): Ask => ({ model, streaming, turns }))),
  );
  const answers = (await inParallel(asks, PARALLEL, (ask) => askTwoTurns(client, ask))).flat();
  answers.push(...(await useTool(client)), await useStructure(client));
  return { models, answers };
};
