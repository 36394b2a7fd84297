import type { IncomingHttpHeaders } from 'node:http';
import type { JsonObject } from '../../json-codec.js';
import { badRequest, type Refusal } from '../../refusals.js';
import { refuseKey } from '../authorization.js';
import { type Dialect, frameText } from '../dialect.js';

const QUOTED_CHARACTERS_MAX = 64;
/** Any day: which versions exist changes with the years. */
const VERSION = /^\d{4}-\d{2}-\d{2}$/;

const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  405: 'invalid_request_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
};

export function anthropicError(refusal: Refusal): JsonObject {
  const { status, message, code, details } = refusal;
  const hasDetails = Object.keys(details).length > 0;
  return {
    type: ERROR_TYPES[status] ?? 'api_error',
    message,
    ...(hasDetails && { details: { error_code: code, ...details } }),
  };
}

/** What Anthropic's endpoints have in common. */
export const anthropicDialect = {
  idHeader: 'request-id',
  refuseHeaders: (headers: IncomingHttpHeaders) => refuseKey(headers) ?? refuseVersion(headers),
  errorBody: (refusal: Refusal, requestId: string) => ({
    type: 'error',
    error: anthropicError(refusal),
    request_id: requestId,
  }),
  keeps: () => false,
  stateFields: ['container', 'diagnostics'],
  brokenEvent: (text: string) =>
    frameText(
      `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":${JSON.stringify(text)},,`,
      'content_block_delta',
    ),
} as const satisfies Partial<Dialect>;

function refuseVersion(headers: IncomingHttpHeaders): Refusal | null {
  const version = headers['anthropic-version'];
  if (typeof version !== 'string') return badRequest('anthropic-version: header is required', null);
  if (VERSION.test(version)) return null;
  const quoted = version.slice(0, QUOTED_CHARACTERS_MAX);
  return badRequest(`anthropic-version: "${quoted}" is not a valid version`, null);
}
