import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ErrorBody, type ErrorCode, errorBody, errorCodes } from '@lethe/contracts';

interface SendErrorOptions {
  readonly code: ErrorCode;
  readonly param: string | null;
  readonly headers: readonly (readonly [string, string])[];
  readonly retryAfterSeconds?: number | undefined;
}

const originOf = (code: ErrorCode): ErrorBody['error']['origin'] =>
  code.startsWith('provider.') ? 'provider' : 'router';

/**
 * Sends a closed error in OpenAI's shape. When the request's body was not read to its end the connection closes after
 * the answer, so that unread bytes can never be taken for the next request.
 */
export const sendError = (
  incoming: IncomingMessage,
  res: ServerResponse,
  options: SendErrorOptions,
): void => {
  if (res.headersSent || res.destroyed) return;
  const { code, param } = options;
  const body = JSON.stringify(errorBody(code, originOf(code), param));
  for (const [name, value] of options.headers) res.setHeader(name, value);
  res.setHeader('content-type', 'application/json');
  res.setHeader('content-length', Buffer.byteLength(body));
  if (options.retryAfterSeconds !== undefined) res.setHeader('retry-after', options.retryAfterSeconds);
  // OpenAI's SDKs retry by themselves unless told otherwise; only what may succeed is worth it.
  if (errorCodes[code].status < 500 && errorCodes[code].status !== 429)
    res.setHeader('x-should-retry', 'false');
  if (!incoming.complete) res.setHeader('connection', 'close');
  res.writeHead(errorCodes[code].status === 499 ? 400 : errorCodes[code].status);
  res.end(body);
};
