import { JsonScanner, knownNames } from '@lethe/json-scanner';
import type { Face } from '../dialects/face.js';
import { chatFace } from '../dialects/openai/chat.js';
import { BufferedBody } from '../http/buffered-body.js';
import { ChunkList } from '../http/chunk-list.js';
import { splice } from '../http/splice.js';
import type { Edit, RequestBody } from '../http/types.js';

const limits = { nestingMax: 128, topLevelFieldsMax: 256 };

/** For tests: the body that arrives at an endpoint when this JSON is cut at these offsets. */
export const bodyOf = ({ fields }: Face, json: string, cuts: readonly number[] = []): RequestBody => {
  const names = knownNames(Object.keys(fields));
  const bytes = Buffer.from(json);
  const list = new ChunkList();
  const scanner = new JsonScanner(names, limits);
  let from = 0;
  for (const cut of [...[...cuts].sort((a, b) => a - b), bytes.length]) {
    const to = Math.min(Math.max(from, cut), bytes.length);
    const chunk = Buffer.from(bytes.subarray(from, to));
    scanner.feed(chunk);
    list.append(chunk);
    from = to;
  }
  return new BufferedBody(list, scanner.finish());
};

export const chatBodyOf = (json: string, cuts: readonly number[] = []): RequestBody =>
  bodyOf(chatFace, json, cuts);

/** For tests: what leaves for the provider when a body is edited. */
export const sentText = (body: RequestBody, edits: readonly Edit[]): string =>
  Buffer.concat(splice(body, edits).buffers).toString();
