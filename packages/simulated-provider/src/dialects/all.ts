import { chat } from './chat/chat.js';
import type { Dialect } from './dialect.js';

/** What serves a `POST`, by path. */
export const DIALECTS: Readonly<Record<string, Dialect>> = {
  '/v1/chat/completions': chat,
};
