import { chat } from './chat/chat.js';
import { completions } from './completions/completions.js';
import type { Dialect } from './dialect.js';
import { embeddings } from './embeddings/embeddings.js';
import { countTokens, messages } from './messages/messages.js';
import { responses } from './responses/responses.js';

/** What serves a `POST`, by path. */
export const DIALECTS: Readonly<Record<string, Dialect>> = {
  '/v1/chat/completions': chat,
  '/v1/completions': completions,
  '/v1/embeddings': embeddings,
  '/v1/responses': responses,
  '/v1/messages': messages,
  '/v1/messages/count_tokens': countTokens,
};
