import { type ErrorBody, type ErrorCode, errorBody, errorCodes } from '@lethe/contracts';
import type { CallerRequest, CallerResponse } from './caller.js';
import { rawHeader } from './lean-incoming.js';

interface SendErrorOptions {
  /** Of the endpoint; default openai. */
  readonly dialect?: ErrorDialect;
  readonly code: ErrorCode;
  readonly param: string | null;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly retryAfterSeconds?: number | undefined;
}

/** How long the rest of an upload is taken in and overwritten, so that the caller gets to read why it was refused. */
export const lingerMs = 1500;

/** Headers of an answer to what never reached the pipeline. */
export const closedHeaders: readonly string[] = ['x-lethe-retention', 'none', 'cache-control', 'no-store'];

/** Headers given as names and values in turn, in pairs. */
export const headerPairs = (headers: readonly string[]): [name: string, value: string][] => {
  const pairs: [string, string][] = [];
  for (let at = 0; at < headers.length; at += 2)
    pairs.push([headers[at] as string, headers[at + 1] as string]);
  return pairs;
};

const originOf = (code: ErrorCode): ErrorBody['error']['origin'] =>
  code.startsWith('provider.') ? 'provider' : 'router';

type ErrorDialect = 'openai' | 'anthropic';

/** Anthropic's names for what a status means; its SDKs tell errors apart by them. */
const anthropicTypes: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  408: 'timeout_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
};
const anthropicTypeOf = (status: number): string =>
  anthropicTypes[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error');

interface ErrorShape {
  readonly dialect?: ErrorDialect | undefined;
  /** Our id of the request, which Anthropic's errors carry. */
  readonly requestId?: string | undefined;
}

/** The body of a closed error in its dialect. Both carry our own fields; Anthropic's names the kind in its own words. */
export const errorJson = (
  code: ErrorCode,
  param: string | null = null,
  { dialect = 'openai', requestId }: ErrorShape = {},
): string => {
  const body = errorBody(code, originOf(code), param);
  if (dialect === 'openai') return JSON.stringify(body);
  return JSON.stringify({
    type: 'error',
    error: { ...body.error, type: anthropicTypeOf(errorCodes[code].status) },
    request_id: requestId ?? null,
  });
};

/** Where SDKs look for the id of a request. */
const requestIdHeaders: Readonly<Record<ErrorDialect, string>> = {
  openai: 'x-request-id',
  anthropic: 'request-id',
};

/** Whether the whole request is here. One without a body is, although Node says so only after its head was handled. */
const isReceived = (incoming: CallerRequest): boolean =>
  incoming.complete ||
  (rawHeader(incoming.rawHeaders, 'transfer-encoding') === undefined &&
    Number(rawHeader(incoming.rawHeaders, 'content-length') ?? 0) === 0);

/**
 * Sends a closed error in the shape of the endpoint's dialect. When the request's body has not ended the connection closes after the
 * answer, so that unread bytes can never be taken for the next request.
 */
export const sendError = (incoming: CallerRequest, res: CallerResponse, options: SendErrorOptions): void => {
  if (res.headersSent || res.destroyed) return;
  const { dialect = 'openai' } = options;
  const { status } = errorCodes[options.code];
  const requestId = rawHeader(options.headers, 'x-lethe-request-id');
  const body = errorJson(options.code, options.param, { dialect, requestId });
  const headers = requestId === undefined ? [] : [requestIdHeaders[dialect], requestId];
  headers.push(...options.headers, 'content-type', 'application/json');
  headers.push('content-length', String(Buffer.byteLength(body)));
  if (options.retryAfterSeconds !== undefined) headers.push('retry-after', String(options.retryAfterSeconds));
  // OpenAI's SDKs retry by themselves unless told otherwise; only what may succeed is worth it.
  if (status < 500 && status !== 429) headers.push('x-should-retry', 'false');
  const received = isReceived(incoming);
  if (!received) headers.push('connection', 'close');
  res.writeHead(status, headers);
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
