import { PROMPT_CANARY } from './expected-errors.js';
import type { FailingCall } from './served.js';

/** A call that must not reach a provider under Zero Data Retention. */
interface RefusedCall {
  readonly call: FailingCall;
  /** The top-level field that the refusal names; undefined where it is a route that is not offered at all. */
  readonly field: string | undefined;
}

type Values = Readonly<Record<string, readonly unknown[]>>;
type Base = Pick<FailingCall, 'sdk' | 'method' | 'parameters'>;

const text = `Say nothing of ${PROMPT_CANARY}.`;
const asked = { role: 'user', content: text };

const chat: Base = {
  sdk: 'openai',
  method: 'chat.completions.create',
  parameters: { model: 'sim/echo', messages: [asked] },
};
const completion: Base = {
  sdk: 'openai',
  method: 'completions.create',
  parameters: { model: 'sim/echo', prompt: text },
};
const response: Base = {
  sdk: 'openai',
  method: 'responses.create',
  parameters: { model: 'sim/echo', input: text },
};
const message: Base = {
  sdk: 'anthropic',
  method: 'messages.create',
  parameters: { model: 'sim/echo', messages: [asked], max_tokens: 100 },
};
const count: Base = {
  sdk: 'anthropic',
  method: 'messages.count_tokens',
  parameters: { model: 'sim/echo', messages: [asked] },
};

const userSays = (block: object): object[] => [{ role: 'user', content: [{ type: 'text', text }, block] }];
const hosted = (types: readonly string[]): object[][] => types.map((type) => [{ type }]);

const ofChat: Values = {
  web_search_options: [{}],
  audio: [{ voice: 'alloy', format: 'wav' }],
  models: [['sim/echo', 'sim/chat']],
  tools: hosted(['web_search', 'code_interpreter', 'mcp']),
  messages: [
    userSays({ type: 'file', file: { file_id: 'file-abc123' } }),
    [asked, { role: 'assistant', audio: { id: 'audio_abc123' } }, asked],
  ],
};
const ofResponses: Values = {
  background: [true],
  previous_response_id: ['resp_abc123'],
  conversation: ['conv_abc123', { id: 'conv_abc123' }],
  prompt: [{ id: 'pmpt_abc123' }],
  models: [['sim/echo', 'sim/chat']],
  tools: [
    ...hosted(['web_search', 'web_search_preview', 'image_generation']),
    [{ type: 'file_search', vector_store_ids: ['vs_abc123'] }],
    [{ type: 'code_interpreter', container: { type: 'auto' } }],
    [{ type: 'shell', environment: { type: 'container_auto' } }],
    [
      {
        type: 'mcp',
        server_label: 'notes',
        server_url: 'https://mcp.example.com/',
        require_approval: 'never',
      },
    ],
    // Behind one that is fine, and with the name of its type written otherwise.
    [
      { type: 'function', name: 'look_up', parameters: {}, strict: false },
      { type: 'mcp', server_label: 'notes' },
    ],
  ],
  input: [
    userSays({ type: 'input_file', file_id: 'file-abc123' }),
    userSays({ type: 'input_image', file_id: 'file-abc123', detail: 'auto' }),
    [asked, { type: 'item_reference', id: 'msg_abc123' }],
    [asked, { id: 'msg_abc123' }],
  ],
};
const conversation: Values = {
  mcp_servers: [[{ type: 'url', url: 'https://mcp.example.com/', name: 'notes' }]],
  tools: [
    ...[
      'code_execution_20250825',
      'web_search_20260209',
      'web_fetch_20260209',
      'tool_search_tool_regex_20251119',
    ].map((type) => [{ type, name: 'hosted' }]),
    [{ type: 'mcp_toolset', mcp_server_name: 'notes' }],
  ],
  messages: [
    userSays({ type: 'document', source: { type: 'file', file_id: 'file_abc123' } }),
    userSays({ type: 'image', source: { type: 'file', file_id: 'file_abc123' } }),
    userSays({ type: 'container_upload', file_id: 'file_abc123' }),
  ],
};
const ofMessages: Values = {
  ...conversation,
  container: [
    'container_abc123',
    { id: 'container_abc123', skills: [{ type: 'anthropic', skill_id: 'pdf' }] },
  ],
  diagnostics: [{ previous_message_id: 'msg_abc123' }],
  fallbacks: [['sim/chat']],
};

const withEach = (base: Base, values: Values): RefusedCall[] =>
  Object.entries(values).flatMap(([field, variants]) =>
    variants.map((value) => {
      const known = field in base.parameters;
      const parameters = known ? { ...base.parameters, [field]: value } : base.parameters;
      return { call: { ...base, parameters, ...(!known && { fields: { [field]: value } }) }, field };
    }),
  );

const route = (sdk: FailingCall['sdk'], method: string, rest: Partial<FailingCall> = {}): RefusedCall => ({
  call: { sdk, method, parameters: {}, ...rest },
  field: undefined,
});

/** What is refused because something would be kept by it, or leave for a third party, below each endpoint's fields. */
export const refusedFields: readonly RefusedCall[] = [
  ...withEach(chat, ofChat),
  ...withEach(completion, { models: [['sim/echo', 'sim/chat']] }),
  ...withEach(response, ofResponses),
  ...withEach(message, ofMessages),
  ...withEach(count, conversation),
  // A name that nobody knows may mean anything.
  ...[chat, completion, response, message, count].map((base) => ({
    call: { ...base, fields: { keep_this_for_later: true } },
    field: '',
  })),
];

const batch = {
  completion_window: '24h',
  endpoint: '/v1/responses',
  input_file_id: 'file-abc123',
};

/** Routes to what providers store. */
export const absentRoutes: readonly RefusedCall[] = [
  route('openai', 'responses.retrieve', { id: 'resp_abc123' }),
  route('openai', 'responses.delete', { id: 'resp_abc123' }),
  route('openai', 'chat.completions.retrieve', { id: 'chatcmpl-abc123' }),
  route('openai', 'files.list'),
  route('openai', 'files.retrieve', { id: 'file-abc123' }),
  route('openai', 'batches.create', { parameters: batch }),
  route('openai', 'batches.list'),
  route('anthropic', 'messages.batches.list'),
  route('anthropic', 'messages.batches.create', { parameters: { requests: [] } }),
];
