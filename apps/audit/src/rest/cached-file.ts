import { createHash } from 'node:crypto';
import type { Context } from 'hono';

interface CachedFile {
  readonly bytes: Buffer;
  readonly contentType: string;
  readonly cacheControl: string;
}

const etagOf = (bytes: Buffer): string =>
  `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;

const names = (header: string | undefined, etag: string): boolean =>
  (header ?? '').split(',').some((each) => each.trim().replace(/^W\//, '') === etag);

/** Answers with a file that caches may keep: an ETag, and 304 for who has it already. */
export const answerFile = (c: Context, { bytes, contentType, cacheControl }: CachedFile): Response => {
  const etag = etagOf(bytes);
  const headers = { etag, 'cache-control': cacheControl, 'x-content-type-options': 'nosniff' };
  if (names(c.req.header('if-none-match'), etag)) return c.body(null, 304, headers);
  return c.body(new Uint8Array(bytes), 200, {
    ...headers,
    'content-type': contentType,
    'content-length': String(bytes.length),
  });
};
