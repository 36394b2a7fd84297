/** Fields that a request for a message and one for its count share. */
export const conversationFields = {
  model: 'string',
  messages: 'array',
  cache_control: 'object',
  compaction: 'object',
  context_management: 'object',
  mcp_servers: 'array',
  output_config: 'object',
  output_format: 'object',
  speed: 'string',
  system: 'string_or_array',
  thinking: 'object',
  thread: 'object',
  tool_choice: 'object',
  tools: 'array',
  user_profile_id: 'string',
  workspace_id: 'string',
} as const;

/** Those of them that name something the provider stores, or another party that is paid or asked. */
export const storedConversationFields = [
  'compaction',
  'mcp_servers',
  'thread',
  'user_profile_id',
  'workspace_id',
] as const;
