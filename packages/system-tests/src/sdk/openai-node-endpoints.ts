import type OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import type {
  Response as ModelResponse,
  ResponseCreateParamsBase,
  ResponseInput,
} from 'openai/resources/responses/responses';
import { z } from 'zod';
import { inParallel } from '../support/figures.js';
import { ASKED_MODELS, LEFT_STREAM, type Left, PARALLEL, type SdkTask, type Served } from './served.js';

const idOf = (response: Response): string => response.headers.get('x-lethe-request-id') ?? '';

type Ask = Pick<ResponseCreateParamsBase, 'include' | 'reasoning' | 'tools'> & {
  readonly model: string;
  readonly input: ResponseInput;
};
interface Answered {
  readonly response: ModelResponse;
  readonly served: Served;
}

/** Why it ended, in the dialect's own word; calls are items of the output and no reason of their own. */
const finishOf = ({ status, incomplete_details, output }: ModelResponse): string => {
  if (output.some(({ type }) => type === 'function_call')) return 'function_call';
  return incomplete_details?.reason ?? status ?? '';
};

const servedOf = (response: ModelResponse, model: string, http: Response, streaming: boolean): Served => ({
  requestId: idOf(http),
  endpoint: 'responses',
  model,
  streaming,
  finishReason: finishOf(response),
  usage:
    response.usage === undefined
      ? null
      : { input: response.usage.input_tokens, output: response.usage.output_tokens },
});

const askWhole = async (client: OpenAI, ask: Ask): Promise<Answered> => {
  const { data, response } = await client.responses.create(ask).withResponse();
  return { response: data, served: servedOf(data, ask.model, response, false) };
};

/** The response as its last event holds it, once the pieces of text were found to make up its text. */
const askStreamed = async (client: OpenAI, ask: Ask): Promise<Answered> => {
  const { data, response: http } = await client.responses.create({ ...ask, stream: true }).withResponse();
  let pieces = '';
  let ended: ModelResponse | undefined;
  let sequence = -1;
  for await (const event of data) {
    if (event.sequence_number !== sequence + 1) throw new Error('an event is missing');
    sequence = event.sequence_number;
    if (event.type === 'response.output_text.delta') pieces += event.delta;
    if (event.type === 'response.completed' || event.type === 'response.incomplete') ended = event.response;
  }
  if (ended === undefined) throw new Error('a stream of responses has no last event');
  const text = ended.output
    .flatMap((item) => (item.type === 'message' ? item.content : []))
    .map((part) => (part.type === 'output_text' ? part.text : ''))
    .join('');
  if (pieces !== text) throw new Error('the pieces of a stream are not its text');
  return { response: { ...ended, output_text: text }, served: servedOf(ended, ask.model, http, true) };
};

const askEither = (client: OpenAI, ask: Ask, streaming: boolean): Promise<Answered> =>
  streaming ? askStreamed(client, ask) : askWhole(client, ask);

const askTwoTurns = async (
  client: OpenAI,
  model: string,
  streaming: boolean,
  turns: readonly [string, string],
): Promise<Served[]> => {
  const input: ResponseInput = [{ role: 'user', content: turns[0] }];
  const first = await askEither(client, { model, input }, streaming);
  if (model === 'sim/echo' && first.response.output_text !== turns[0])
    throw new Error('the echo is not what was said');
  input.push(...(first.response.output as ResponseInput), { role: 'user', content: turns[1] });
  const second = await askEither(client, { model, input }, streaming);
  if (model === 'sim/echo' && second.response.output_text !== turns[1])
    throw new Error('the echo is not what was said');
  return [first.served, second.served];
};

const tools: OpenAI.Responses.Tool[] = [
  {
    type: 'function',
    name: 'look_up_weather',
    description: 'Looks up the weather.',
    strict: true,
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'integer' } },
      required: ['city', 'days'],
      additionalProperties: false,
    },
  },
];

/** The model calls a tool, the program answers, the model takes the answer up. */
const useTool = async (client: OpenAI, streaming: boolean): Promise<Served[]> => {
  const model = 'sim/tools';
  const input: ResponseInput = [{ role: 'user', content: 'What will it be like in Oslo?' }];
  const asked = await askEither(client, { model, input, tools }, streaming);
  const call = asked.response.output.find(({ type }) => type === 'function_call');
  if (call?.type !== 'function_call') throw new Error('no tool was called');
  const { city } = JSON.parse(call.arguments) as { city: string };
  const output = `Rain in ${city}`;
  input.push(call, { type: 'function_call_output', call_id: call.call_id, output });
  const answered = await askEither(client, { model, input, tools }, streaming);
  if (!answered.response.output_text.includes('Rain in'))
    throw new Error('the answer of the tool did not come through');
  return [asked.served, answered.served];
};

/** Reasoning travels sealed with the answer, so that nobody has to keep it. */
const useReasoning = async (client: OpenAI, streaming: boolean): Promise<Served> => {
  const { response, served } = await askEither(
    client,
    {
      model: 'sim/reasoning',
      input: [{ role: 'user', content: 'Why is the sea salty?' }],
      reasoning: { effort: 'low', summary: 'auto' },
      include: ['reasoning.encrypted_content'],
    },
    streaming,
  );
  const [thought] = response.output;
  if (thought?.type !== 'reasoning' || typeof thought.encrypted_content !== 'string')
    throw new Error('the reasoning did not come sealed');
  if ((response.usage?.output_tokens_details.reasoning_tokens ?? 0) === 0)
    throw new Error('the reasoning was not counted');
  return served;
};

const Book = z.object({ title: z.string(), year: z.number().int(), tags: z.array(z.string()) });

const useStructure = async (client: OpenAI): Promise<Served> => {
  const model = 'sim/structured';
  const { data, response } = await client.responses
    .parse({ model, input: 'Name a book.', text: { format: zodTextFormat(Book, 'book') } })
    .withResponse();
  if (!Book.safeParse(data.output_parsed).success) throw new Error('what was parsed does not fit');
  return servedOf(data, model, response, false);
};

/** The legacy endpoint: text in, text out. */
const complete = async (client: OpenAI, prompt: string, streaming: boolean): Promise<Served> => {
  const model = 'sim/echo';
  const served = { endpoint: 'completions', model, streaming } as const;
  if (!streaming) {
    const { data, response } = await client.completions.create({ model, prompt }).withResponse();
    if (data.choices[0]?.text !== prompt) throw new Error('the echo is not what was said');
    const usage =
      data.usage === undefined
        ? null
        : { input: data.usage.prompt_tokens, output: data.usage.completion_tokens };
    return { ...served, requestId: idOf(response), finishReason: data.choices[0].finish_reason, usage };
  }
  const { data, response } = await client.completions.create({ model, prompt, stream: true }).withResponse();
  let text = '';
  let finishReason = '';
  for await (const { choices } of data) {
    text += choices[0]?.text ?? '';
    finishReason = choices[0]?.finish_reason ?? finishReason;
  }
  if (text !== prompt) throw new Error('the echo is not what was said');
  return { ...served, requestId: idOf(response), finishReason, usage: null };
};

/** As the package asks by itself, which is in base64 and decoded; as numbers; and as text that stays encoded. */
const embed = async (client: OpenAI): Promise<Served[]> => {
  const model = 'sim/embed';
  const input = ['the river', 'the people beside it'];
  const served: Served[] = [];
  const vectors: number[][] = [];
  for (const encoding_format of [undefined, 'float', 'base64'] as const) {
    const { data, response } = await client.embeddings
      .create({ model, input, ...(encoding_format !== undefined && { encoding_format }) })
      .withResponse();
    const given: unknown = data.data[1]?.embedding;
    const bytes = typeof given === 'string' ? Buffer.from(given, 'base64') : undefined;
    const decoded = bytes && Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4));
    vectors.push(decoded ?? (given as number[]));
    served.push({
      requestId: idOf(response),
      endpoint: 'embeddings',
      model,
      streaming: false,
      finishReason: '',
      usage: { input: data.usage.prompt_tokens, output: 0 },
    });
  }
  const [asked, floats, base64] = vectors.map((vector) => JSON.stringify(vector.map(Math.fround)));
  if (vectors[0]?.length !== 256 || asked !== floats || asked !== base64)
    throw new Error('a vector depends on how it was sent');
  return served;
};

/** Responses, legacy completions and embeddings by the official package, unchanged but for base URL and key. */
export const askEndpointsWithNode = async (client: OpenAI, { questions }: SdkTask): Promise<Served[]> => {
  const both = [false, true] as const;
  const asks = both.flatMap((streaming) =>
    questions.flatMap((turns) => [
      ...ASKED_MODELS.map((model) => () => askTwoTurns(client, model, streaming, turns)),
      async () => [await complete(client, turns[0], streaming)],
    ]),
  );
  const answers = (await inParallel(asks, PARALLEL, (ask) => ask())).flat();
  for (const streaming of both)
    answers.push(...(await useTool(client, streaming)), await useReasoning(client, streaming));
  return [...answers, await useStructure(client), ...(await embed(client))];
};

/** Leaves a stream after so many pieces of text. */
export const leaveResponseWithNode = async (client: OpenAI, chunks: number): Promise<Left> => {
  const { model, prompt, tokensMax } = LEFT_STREAM;
  const { data, response } = await client.responses
    .create({ model, input: prompt, max_output_tokens: tokensMax, stream: true })
    .withResponse();
  let chunksSeen = 0;
  for await (const { type } of data) {
    if (type === 'response.output_text.delta') chunksSeen += 1;
    if (chunksSeen === chunks) break;
  }
  return { requestId: idOf(response), endpoint: 'responses', chunksSeen };
};

export const leaveCompletionWithNode = async (client: OpenAI, chunks: number): Promise<Left> => {
  const { model, prompt, tokensMax } = LEFT_STREAM;
  const { data, response } = await client.completions
    .create({ model, prompt, max_tokens: tokensMax, stream: true })
    .withResponse();
  let chunksSeen = 0;
  for await (const _ of data) {
    chunksSeen += 1;
    if (chunksSeen === chunks) break;
  }
  return { requestId: idOf(response), endpoint: 'completions', chunksSeen };
};
