import { randomUUID } from 'node:crypto';
import type { OutgoingHttpHeaders } from 'node:http';
import { type HttpAnswer, http } from '../../support/http.js';
import type { Endpoint, Served } from '../served.js';
import { type AgentTask, type Exchanged, type Json, postJson, typedEvents } from './agent.js';

interface Block extends Json {
  readonly type: string;
}
interface Usage {
  readonly input_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly output_tokens: number;
}

/** Values of `anthropic-beta`: what an agent of this kind sends, and one that makes a provider keep files. */
export const betas = {
  harmless: [
    'claude-code-20250219',
    'interleaved-thinking-2025-05-14',
    'fine-grained-tool-streaming-2025-05-14',
    'context-management-2025-06-27',
  ],
  keeping: 'files-api-2025-04-14',
} as const;

const cached = { cache_control: { type: 'ephemeral' } };
const system = [
  { type: 'text', text: 'You are a coding agent that runs in a terminal.', ...cached },
  {
    type: 'text',
    text: `Be concise. ${'The working directory is /home/someone/project. '.repeat(30)}`,
    ...cached,
  },
];
const tools = [
  {
    name: 'Bash',
    description: 'Runs a command.',
    input_schema: {
      type: 'object',
      properties: { command: { type: 'string' }, timeout: { type: 'number' } },
      required: ['command'],
      additionalProperties: false,
      $schema: 'http://json-schema.org/draft-07/schema#',
    },
  },
  {
    name: 'Read',
    description: 'Reads a file.',
    input_schema: { type: 'object', properties: { file_path: { type: 'string' } }, required: ['file_path'] },
    ...cached,
  },
];

const readUsage = (usage: Usage): Served['usage'] => ({
  input: usage.input_tokens + usage.cache_creation_input_tokens + usage.cache_read_input_tokens,
  output: usage.output_tokens,
});

const readMessage = (answer: HttpAnswer): Pick<Served, 'finishReason' | 'usage'> => {
  const { stop_reason, usage } = JSON.parse(answer.body.toString()) as { stop_reason: string; usage: Usage };
  return { finishReason: stop_reason, usage: readUsage(usage) };
};

const readStream = (answer: HttpAnswer): Pick<Served, 'finishReason' | 'usage'> => {
  const events = typedEvents(answer);
  const last = events.find(({ type }) => type === 'message_delta');
  if (last === undefined || events.at(-1)?.type !== 'message_stop')
    throw new Error('a stream did not end as it should');
  return {
    finishReason: (last.delta as { stop_reason: string }).stop_reason,
    usage: readUsage(last.usage as Usage),
  };
};

/** The blocks of a streamed message, put together as they come. */
const blocksOf = (answer: HttpAnswer): Block[] => {
  const blocks: Record<string, unknown>[] = [];
  const json: string[] = [];
  for (const { type, index, content_block: begun, delta } of typedEvents(answer)) {
    const at = index as number;
    if (type === 'content_block_start') blocks[at] = { ...(begun as Block) };
    const block = blocks[at];
    if (type !== 'content_block_delta' || block === undefined) continue;
    const { type: _, partial_json, ...texts } = delta as Record<string, string>;
    if (partial_json !== undefined) json[at] = (json[at] ?? '') + partial_json;
    for (const [name, text] of Object.entries(texts)) block[name] = `${block[name] ?? ''}${text}`;
  }
  for (const [at, text] of json.entries())
    if (text !== undefined) Object.assign(blocks[at] ?? {}, { input: JSON.parse(text) });
  return blocks as unknown as Block[];
};

const resultsOf = (blocks: readonly Block[]): Block[] =>
  blocks
    .filter(({ type }) => type === 'tool_use')
    .map(({ id, name }) => ({
      type: 'tool_result',
      tool_use_id: id,
      content: [{ type: 'text', text: `${name}: README.md` }],
      ...cached,
    }));

const headersOf = (apiKey: string, session: string, asBearer: boolean): OutgoingHttpHeaders => ({
  ...(asBearer ? { authorization: `Bearer ${apiKey}` } : { 'x-api-key': apiKey }),
  accept: 'application/json',
  'anthropic-version': '2023-06-01',
  'anthropic-beta': [...betas.harmless, betas.keeping].join(','),
  'anthropic-dangerous-direct-browser-access': 'true',
  'user-agent': 'claude-cli/2.3.1 (external, cli)',
  'x-app': 'cli',
  'x-claude-code-session-id': session,
  'x-stainless-helper-method': 'stream',
  'x-stainless-lang': 'js',
});

export interface ClaudeCodeRun {
  readonly exchanged: readonly Exchanged[];
  /** What it asks before it works, by name. */
  readonly probes: Readonly<Record<'head' | 'models', HttpAnswer>>;
}

/** A session with an API key in `x-api-key`, or as a bearer token when `asBearer`. */
export const runClaudeCode = async (
  { router, apiKey, region }: AgentTask,
  asBearer: boolean,
): Promise<ClaudeCodeRun> => {
  const session = randomUUID();
  const headers = headersOf(apiKey, session, asBearer);
  const probes = {
    head: await http(`${router}/`, { method: 'HEAD' }),
    models: await http(`${router}/v1/models?limit=1000`, { headers }),
  };
  const exchanged: Exchanged[] = [];
  const metadata = { user_id: `user_${'0f'.repeat(32)}_account__session_${session}` };
  const post = async (endpoint: Endpoint, body: Json): Promise<Exchanged> => {
    const path = endpoint === 'messages' ? '/v1/messages' : '/v1/messages/count_tokens';
    const counts = { finishReason: '', usage: { input: 0, output: 0 } };
    const done = await postJson(`${router}${path}?beta=true`, body, {
      endpoint,
      headers,
      read: endpoint === 'count_tokens' ? () => counts : body.stream === true ? readStream : readMessage,
    });
    exchanged.push(done);
    return done;
  };

  await post('messages', {
    model: `sim/chat${region}`,
    max_tokens: 1,
    messages: [{ role: 'user', content: 'quota' }],
    metadata,
  });
  const messages: Json[] = [];
  for (const model of ['sim/reasoning', 'sim/tools']) {
    messages.push({
      role: 'user',
      content: [{ type: 'text', text: `What is "here", \\${model}?`, ...cached }],
    });
    await post('count_tokens', { model: `${model}${region}`, messages, tools });
    for (let results: Block[] = [], asked = 0; asked === 0 || results.length > 0; asked += 1) {
      if (asked > 4) throw new Error('the agent goes round in circles');
      const done = await post('messages', {
        model: `${model}${region}`,
        messages,
        temperature: 1,
        system,
        tools,
        metadata,
        max_tokens: 32_000,
        thinking: { type: 'enabled', budget_tokens: 31_999 },
        context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
        stream: true,
      });
      const blocks = blocksOf(done.answer);
      results = resultsOf(blocks);
      messages.push({ role: 'assistant', content: blocks });
      if (results.length > 0) messages.push({ role: 'user', content: results });
    }
  }
  return { exchanged, probes };
};
