import { defineFace } from '../face.js';
import { includeEncryptedReasoning } from './include-encrypted-reasoning.js';

const fields = {
  background: 'boolean',
  context_management: 'array',
  conversation: 'string_or_object',
  include: 'array',
  input: 'string_or_array',
  instructions: 'string',
  max_output_tokens: 'number',
  max_tool_calls: 'number',
  metadata: 'object',
  model: 'string',
  moderation: 'any',
  parallel_tool_calls: 'boolean',
  previous_response_id: 'string',
  prompt: 'object',
  prompt_cache_key: 'string',
  prompt_cache_options: 'object',
  prompt_cache_retention: 'string',
  reasoning: 'object',
  safety_identifier: 'string',
  service_tier: 'string',
  store: 'boolean',
  stream: 'boolean',
  stream_options: 'object',
  temperature: 'number',
  text: 'object',
  tool_choice: 'string_or_object',
  tools: 'array',
  top_logprobs: 'number',
  top_p: 'number',
  truncation: 'string',
  user: 'string',
  // Codex describes itself here.
  client_metadata: 'object',
  // Spelled by other gateways.
  models: 'array',
} as const;

/**
 * Items that hold what they say themselves. Not among them: references to stored items, what a hosted tool left
 * behind, and lists of more tools.
 */
const selfContainedItems = [
  'message',
  'reasoning',
  'function_call',
  'function_call_output',
  'custom_tool_call',
  'custom_tool_call_output',
  'local_shell_call',
  'local_shell_call_output',
  'apply_patch_call',
  'apply_patch_call_output',
  'computer_call',
  'computer_call_output',
  'compaction',
  'compaction_summary',
  'compaction_trigger',
];

/** Tools that the caller runs. All others run at the provider or pass content on to a third party. */
const callersTools = [
  'function',
  'custom',
  'namespace',
  'local_shell',
  'apply_patch',
  'computer',
  'computer_use_preview',
];

/** POST /v1/responses. Its provider stores every answer unless told not to. */
export const responsesFace = defineFace({
  endpoint: 'responses',
  dialect: 'openai',
  fields,
  required: ['model'],
  contentFields: ['instructions', 'input', 'tools'],
  streams: true,
  zdr: {
    refused: ['previous_response_id', 'conversation', 'prompt', 'models'],
    // Kept on disk for some minutes to be polled, whatever `store` says.
    refusedWhenTrue: ['background'],
    stripped: ['metadata', 'client_metadata', 'prompt_cache_retention', 'prompt_cache_options', 'moderation'],
    opaque: ['user', 'safety_identifier', 'prompt_cache_key'],
    opaqueMembers: [],
    watched: [
      { path: 'tools[].type', allowed: callersTools },
      { path: 'tools[].tools[].type', allowed: ['function', 'custom'] },
      { path: 'tools[].allowed_callers[]', allowed: ['direct'] },
      { path: 'tools[].tools[].allowed_callers[]', allowed: ['direct'] },
      { path: 'context_management[].type', allowed: ['compaction'] },
      // An item with neither is a reference to a stored one.
      { path: 'input[]', needsOneOf: ['type', 'role'] },
      { path: 'input[].type', allowed: selfContainedItems },
      { path: 'input[].content[].file_id' },
      { path: 'input[].output[].file_id' },
      { path: 'input[].output.file_id' },
    ],
  },
  store: 'always',
  asksForUsage: false,
  forwardedHeaders: [],
  edits: includeEncryptedReasoning,
});
