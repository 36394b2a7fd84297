import { countTokensFace } from './anthropic/count-tokens.js';
import { messagesFace } from './anthropic/messages.js';
import type { Face } from './face.js';
import { chatFace } from './openai/chat.js';
import { completionsFace } from './openai/completions.js';
import { embeddingsFace } from './openai/embeddings.js';
import { responsesFace } from './openai/responses.js';

/** Every endpoint that serves models, by its path. */
export const facesByPath: ReadonlyMap<string, Face> = new Map([
  ['/v1/chat/completions', chatFace],
  ['/v1/completions', completionsFace],
  ['/v1/responses', responsesFace],
  ['/v1/embeddings', embeddingsFace],
  ['/v1/messages', messagesFace],
  ['/v1/messages/count_tokens', countTokensFace],
]);
