import type { ForwardedHeader } from '../face.js';

/** Values of `anthropic-beta` that change how an answer is made and nothing about what is kept. */
const keepNothing = [
  'adaptive-thinking-2026-01-28',
  'claude-code-20250219',
  'compact-2026-01-12',
  'computer-use-2024-10-22',
  'computer-use-2025-01-24',
  'computer-use-2025-11-24',
  'context-1m-2025-08-07',
  'context-management-2025-06-27',
  'dev-full-thinking-2025-05-14',
  'effort-2025-11-24',
  'extended-cache-ttl-2025-04-11',
  'fast-mode-2026-02-01',
  'fine-grained-tool-streaming-2025-05-14',
  'interleaved-thinking-2025-05-14',
  'max-tokens-3-5-sonnet-2024-07-15',
  'mid-conversation-system-2026-04-07',
  'model-context-window-exceeded-2025-08-26',
  'output-128k-2025-02-19',
  'output-300k-2026-03-24',
  'pdfs-2024-09-25',
  'prompt-caching-2024-07-31',
  'prompt-caching-scope-2026-01-05',
  'redact-thinking-2026-02-12',
  'structured-outputs-2025-11-13',
  'structured-outputs-2025-12-15',
  'task-budgets-2026-03-13',
  'thinking-token-count-2026-05-13',
  'token-counting-2024-11-01',
  'token-efficient-tools-2025-02-19',
  'token-efficient-tools-2026-03-28',
  'tool-examples-2025-10-29',
];

/** What Anthropic reads from the head of a request. */
export const anthropicHeaders: readonly ForwardedHeader[] = [
  { name: 'anthropic-version', fallback: '2023-06-01' },
  { name: 'anthropic-beta', allowedUnderZdr: keepNothing },
];
