import type { Face } from './face.js';
import { chatFace } from './openai/chat.js';

/** Every endpoint that serves models, by its path. */
export const facesByPath: ReadonlyMap<string, Face> = new Map([['/v1/chat/completions', chatFace]]);
