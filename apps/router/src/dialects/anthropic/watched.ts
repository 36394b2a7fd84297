import type { WatchedPlace } from '../face.js';

/** Versions of tools that the caller runs. All others run at the provider or pass content on to a third party. */
const callersTools = [
  'custom',
  'bash_20241022',
  'bash_20250124',
  'text_editor_20241022',
  'text_editor_20250124',
  'text_editor_20250429',
  'text_editor_20250728',
  'computer_20241022',
  'computer_20250124',
  'computer_20251124',
  'computer_toolset_20260801',
  'memory_20250818',
];

/** Blocks that hold what they say themselves: no uploads, no traces of hosted tools, no tools brought in on the way. */
const selfContainedBlocks = [
  'text',
  'image',
  'document',
  'search_result',
  'thinking',
  'redacted_thinking',
  'tool_use',
  'tool_result',
  'tool_reference',
  'compaction',
];

const sources = ['base64', 'text', 'url', 'content'];

/** Where blocks stand: in a message, in a tool's result, in a document within either. */
const blocks = ['messages[].content[]', 'messages[].content[].content[]'];

/** What Zero Data Retention looks at below the top level of a conversation. */
export const watchedInConversations: readonly WatchedPlace[] = [
  { path: 'tools[].type', allowed: callersTools },
  // Called out of code that runs in a container of the provider's.
  { path: 'tools[].allowed_callers[]', allowed: ['direct'] },
  { path: 'system[].type', allowed: ['text'] },
  {
    path: 'context_management.edits[].type',
    allowed: ['clear_tool_uses_20250919', 'clear_thinking_20251015', 'compact_20260112'],
  },
  ...blocks.flatMap((block): WatchedPlace[] => [
    { path: `${block}.type`, allowed: selfContainedBlocks },
    { path: `${block}.file_id` },
    { path: `${block}.source.type`, allowed: sources },
    { path: `${block}.source.file_id` },
    { path: `${block}.source.content[].source.type`, allowed: sources },
    { path: `${block}.source.content[].source.file_id` },
    { path: `${block}.tool_changes` },
  ]),
];
