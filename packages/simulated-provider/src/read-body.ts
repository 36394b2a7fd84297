import type { IncomingMessage } from 'node:http';

export const BODY_BYTES_MAX = 16 * 1024 * 1024;

/** The request's bytes; `too_large` beyond the limit (the rest is not read), `gone` when the client left amid it. */
export async function readBody(
  request: IncomingMessage,
  bytesMax = BODY_BYTES_MAX,
): Promise<Buffer | 'too_large' | 'gone'> {
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) return 'too_large';
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    request.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes > bytesMax) {
        request.pause();
        resolve('too_large');
        return;
      }
      parts.push(part);
    });
    request.once('end', () => resolve(Buffer.concat(parts, bytes)));
    request.once('error', () => resolve('gone'));
    request.once('close', () => resolve('gone'));
  });
}
