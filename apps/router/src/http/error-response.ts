import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ErrorBody, type ErrorCode, errorBody, errorCodes } from '@lethe/contracts';

interface SendErrorOptions {
  readonly code: ErrorCode;
  readonly param: string | null;
  readonly headers: readonly (readonly [string, string])[];
  readonly retryAfterSeconds?: number | undefined;
}

/** How long the rest of an upload is taken in and overwritten, so that the caller gets to read why it was refused. */
export const lingerMs = 1500;

/** Headers of an answer to what never reached the pipeline. */
export const closedHeaders: readonly (readonly [string, string])[] = [
  ['x-lethe-retention', 'none'],
  ['cache-control', 'no-store'],
];

const originOf = (code: ErrorCode): ErrorBody['error']['origin'] =>
  code.startsWith('provider.') ? 'provider' : 'router';

/** The body of a closed error as bytes, for answers that no ServerResponse writes. */
export const errorJson = (code: ErrorCode, param: string | null = null): string =>
  JSON.stringify(errorBody(code, originOf(code), param));

/** Whether the whole request is here. One without a body is, although Node says so only after its head was handled. */
const isReceived = (incoming: IncomingMessage): boolean =>
  incoming.complete ||
  (incoming.headers['transfer-encoding'] === undefined &&
    Number(incoming.headers['content-length'] ?? 0) === 0);

/**
 * Sends a closed error in OpenAI's shape. When the request's body has not ended the connection closes after the
 * answer, so that unread bytes can never be taken for the next request.
 */
export const sendError = (
  incoming: IncomingMessage,
  res: ServerResponse,
  options: SendErrorOptions,
): void => {
  if (res.headersSent || res.destroyed) return;
  const { status } = errorCodes[options.code];
  const body = errorJson(options.code, options.param);
  for (const [name, value] of options.headers) res.setHeader(name, value);
  res.setHeader('content-type', 'application/json');
  res.setHeader('content-length', Buffer.byteLength(body));
  if (options.retryAfterSeconds !== undefined) res.setHeader('retry-after', options.retryAfterSeconds);
  // OpenAI's SDKs retry by themselves unless told otherwise; only what may succeed is worth it.
  if (status < 500 && status !== 429) res.setHeader('x-should-retry', 'false');
  const received = isReceived(incoming);
  if (!received) res.setHeader('connection', 'close');
  res.writeHead(status);
  if (received) {
    res.end(body);
    return;
  }
  res.write(body);
  const timer = setTimeout(() => res.end(), lingerMs);
  const end = (): void => {
    clearTimeout(timer);
    res.end();
  };
  incoming.once('end', end);
  incoming.once('close', end);
  // Nobody else may be reading: what comes is overwritten all the same.
  incoming.on('data', (chunk: Buffer) => chunk.fill(0));
  incoming.resume();
};
