import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import type { HttpAnswer } from '../../support/http.js';
import type { Served } from '../served.js';
import { type AgentTask, type Exchanged, type Json, postJson, typedEvents } from './agent.js';

interface Item extends Json {
  readonly type: string;
}
interface Response {
  readonly status: string;
  readonly output: readonly Item[];
  readonly usage: { readonly input_tokens: number; readonly output_tokens: number };
}

/** What Codex is given to do: which model, with which tools, and what the user says. */
interface Turn {
  readonly model: string;
  readonly tools: readonly Json[];
  readonly says: string;
}

const shell = {
  type: 'function',
  name: 'shell',
  description: 'Runs a shell command and returns its output.',
  strict: false,
  parameters: {
    type: 'object',
    properties: {
      command: { type: 'array', items: { type: 'string' } },
      workdir: { type: 'string' },
      timeout_ms: { type: 'number' },
    },
    required: ['command'],
    additionalProperties: false,
  },
};
const applyPatch = {
  type: 'custom',
  name: 'apply_patch',
  description: 'Edits files. The input is a patch, not JSON.',
  format: {
    type: 'grammar',
    syntax: 'lark',
    definition: 'start: "*** Begin Patch" LF hunk+ "*** End Patch" LF?\nhunk: /.+/ LF\nLF: "\\n"\n',
  },
};
const localShell = { type: 'local_shell' };

const turns: readonly Turn[] = [
  { model: 'sim/reasoning', tools: [shell, applyPatch, localShell], says: 'What does this repository do?' },
  { model: 'sim/tools', tools: [shell, applyPatch, localShell], says: 'List its files.' },
  { model: 'sim/tools', tools: [applyPatch, shell, localShell], says: 'Now fix the "typo" in \\README.md.' },
];

/** What the agent runs on this machine in answer to a call; undefined for what is no call. */
const resultOf = ({ type, call_id, name }: Item): Item | undefined => {
  if (type === 'function_call')
    return {
      type: 'function_call_output',
      call_id,
      output: `{"output":"README.md\\n","exit_code":0} ${name}`,
    };
  if (type === 'custom_tool_call')
    return {
      type: 'custom_tool_call_output',
      call_id,
      output: 'Success. Updated the following files:\nM README.md',
    };
  return undefined;
};

const message = (role: string, text: string): Item => ({
  type: 'message',
  role,
  content: [{ type: 'input_text', text }],
});

const endOf = (answer: HttpAnswer): Response => {
  const last = typedEvents(answer).at(-1);
  if (last?.type !== 'response.completed') throw new Error('a stream did not end as it should');
  return last.response as Response;
};

const readResponse = (answer: HttpAnswer): Pick<Served, 'finishReason' | 'usage'> => {
  const { status, output, usage } = endOf(answer);
  return {
    finishReason: output.some(({ type }) => type === 'function_call' || type === 'custom_tool_call')
      ? 'function_call'
      : status,
    usage: { input: usage.input_tokens, output: usage.output_tokens },
  };
};

/** A session: what is said is sent anew with every request, nothing is asked to be kept. */
export const runCodex = async ({ router, apiKey, region }: AgentTask): Promise<Exchanged[]> => {
  const session = randomUUID();
  const headers = {
    authorization: `Bearer ${apiKey}`,
    accept: 'text/event-stream',
    'user-agent': 'codex_cli_rs/0.150.0 (Debian 12.0.0; x86_64) xterm-256color',
    originator: 'codex_cli_rs',
    version: '0.150.0',
    session_id: session,
    conversation_id: session,
  };
  const input: Item[] = [
    message('developer', '<permissions instructions>Ask before you write.</permissions instructions>'),
    message('user', '<environment_context><cwd>/home/someone/project</cwd></environment_context>'),
  ];
  const exchanged: Exchanged[] = [];
  const ask = async ({ model, tools }: Turn): Promise<readonly Item[]> => {
    const body = {
      model: `${model}${region}`,
      instructions: 'You are a coding agent that runs in a terminal.',
      input,
      tools,
      tool_choice: 'auto',
      parallel_tool_calls: false,
      reasoning: { effort: 'medium', summary: 'auto' },
      store: false,
      stream: true,
      include: ['reasoning.encrypted_content'],
      prompt_cache_key: session,
      text: { verbosity: 'medium' },
      client_metadata: { 'x-codex-installation-id': randomUUID() },
    };
    const done = await postJson(`${router}/v1/responses`, body, {
      endpoint: 'responses',
      headers,
      read: readResponse,
    });
    exchanged.push(done);
    // Items are taken as each is done, not from the end.
    return typedEvents(done.answer)
      .filter(({ type }) => type === 'response.output_item.done')
      .map(({ item }) => item as Item);
  };
  for (const turn of turns) {
    input.push(message('user', turn.says));
    for (let results: Item[] = [], asked = 0; asked === 0 || results.length > 0; asked += 1) {
      if (asked > 4) throw new Error('the agent goes round in circles');
      const items = await ask(turn);
      results = items.map(resultOf).filter((result) => result !== undefined);
      input.push(...items, ...results);
    }
  }
  return exchanged;
};

export interface UpgradeAnswer {
  readonly head: string;
  readonly body: string;
  /** From the connection's begin to its end, which the router brought about. */
  readonly tookMs: number;
}

/** What Codex tries before anything else: a WebSocket. Resolves when the router has closed the connection. */
export const tryWebSocket = ({ router, apiKey }: AgentTask): Promise<UpgradeAnswer> =>
  new Promise((resolve, reject) => {
    const startedAtMs = performance.now();
    const { hostname, port } = new URL(router);
    const socket = connect(Number(port), hostname);
    let text = '';
    socket.setTimeout(10_000, () => socket.destroy(new Error('the router did not close the connection')));
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.once('error', reject);
    socket.once('end', () => {
      const [head = '', body = ''] = text.split('\r\n\r\n');
      resolve({ head, body, tookMs: performance.now() - startedAtMs });
    });
    socket.write(
      `GET /v1/responses HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: bGV0aGUgZm9yZ2V0cyBhbGw=\r\n' +
        `OpenAI-Beta: responses_websockets=2026-02-06\r\nAuthorization: Bearer ${apiKey}\r\n\r\n`,
    );
  });
