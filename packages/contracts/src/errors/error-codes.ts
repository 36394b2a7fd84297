import type { ErrorType } from '../telemetry/enums.js';

/** One row: HTTP status, the telemetry class it counts as, and the constant public message. */
interface ErrorCodeRow {
  readonly status: number;
  readonly errorType: ErrorType;
  readonly message: string;
}

const row = (status: number, errorType: ErrorType, message: string): ErrorCodeRow => ({
  status,
  errorType,
  message,
});

/**
 * Every error any service answers with. The part before the dot says whose fault it is and is the answer's `type`;
 * the part after it is the answer's `code`. Messages are constants: a value of the caller's never gets in.
 */
export const errorCodes = {
  'caller.missing_credentials': row(
    401,
    'caller.unauthenticated',
    'No API key was sent. Send it as "Authorization: Bearer <key>" or "x-api-key: <key>".',
  ),
  'caller.invalid_api_key': row(
    401,
    'caller.unauthenticated',
    'The API key is not known, has expired or was revoked.',
  ),
  'caller.invalid_token': row(
    401,
    'caller.unauthenticated',
    'The management token is not known, has expired or was revoked.',
  ),
  'caller.forbidden': row(403, 'caller.forbidden', 'This role may not do that.'),
  'caller.not_found': row(404, 'caller.not_found', 'There is nothing here under this name.'),
  'caller.method_not_allowed': row(405, 'caller.not_found', 'This method is not offered here.'),
  'caller.conflict': row(409, 'caller.invalid_request', 'The name is taken already.'),
  'caller.empty_body': row(400, 'caller.invalid_request', 'The request has no body. Send a JSON object.'),
  'caller.malformed_json': row(400, 'caller.invalid_request', 'The body is not valid JSON.'),
  'caller.not_an_object': row(400, 'caller.invalid_request', 'The body must be one JSON object.'),
  'caller.duplicate_field': row(400, 'caller.invalid_request', 'A field is given twice.'),
  'caller.escaped_field_name': row(
    400,
    'caller.invalid_request',
    'A top-level field name uses an escape sequence. Write it plainly.',
  ),
  'caller.nesting_too_deep': row(400, 'caller.invalid_request', 'The body is nested too deeply.'),
  'caller.too_many_fields': row(400, 'caller.invalid_request', 'The body has too many top-level fields.'),
  'caller.invalid_utf8': row(400, 'caller.invalid_request', 'The body is not valid UTF-8.'),
  'caller.lone_surrogate': row(400, 'caller.invalid_request', 'A string holds half of a surrogate pair.'),
  'caller.number_out_of_range': row(400, 'caller.invalid_request', 'A number is too large or too long.'),
  'caller.missing_field': row(400, 'caller.invalid_request', 'A required field is missing.'),
  'caller.invalid_type': row(400, 'caller.invalid_request', 'A field has the wrong type.'),
  'caller.invalid_value': row(400, 'caller.invalid_request', 'A field has a value that is not allowed.'),
  'caller.unknown_field': row(400, 'caller.invalid_request', 'A field is not known here.'),
  'caller.confirmation_mismatch': row(
    400,
    'caller.invalid_request',
    'The confirmation must equal the slug of the organization.',
  ),
  'caller.body_too_large': row(413, 'caller.too_large', 'The body is larger than this router accepts.'),
  'caller.headers_too_large': row(431, 'caller.too_large', 'The request has too many or too large headers.'),
  'caller.unsupported_encoding': row(
    415,
    'caller.unsupported_encoding',
    'This content-encoding is not supported. Send identity, gzip, deflate or br.',
  ),
  'caller.invalid_encoding': row(
    400,
    'caller.unsupported_encoding',
    'The body does not decode with the content-encoding it names.',
  ),
  'caller.malformed_http': row(400, 'caller.invalid_request', 'The request is not valid HTTP/1.1.'),
  'caller.timeout': row(408, 'caller.timeout', 'The request took too long to arrive.'),
  'caller.upgrade_refused': row(
    426,
    'caller.invalid_request',
    'WebSocket is not offered here. Use HTTP with server-sent events.',
  ),
  'caller.aborted': row(499, 'caller.aborted', 'The caller closed the connection.'),
  'caller.model_unknown': row(
    404,
    'caller.model_unknown',
    'This model is not offered. GET /v1/models lists the ones that are.',
  ),
  'caller.endpoint_mismatch': row(
    404,
    'caller.model_unknown',
    'This model is not offered at this endpoint. GET /v1/models lists the endpoints of each.',
  ),
  'org_policy.zdr_irrevocable': row(
    403,
    'caller.forbidden',
    'Zero Data Retention is on for this organization and cannot be loosened.',
  ),
  'org_policy.logging_change_disallowed': row(
    403,
    'caller.forbidden',
    'The organization does not let members change logging.',
  ),
  'org_policy.field_refused': row(
    400,
    'org_policy.field_refused',
    'Under Zero Data Retention this field is refused.',
  ),
  'org_policy.model_not_approved': row(
    403,
    'org_policy.model_not_approved',
    'The organization has not approved this model.',
  ),
  'provider.invalid_request': row(400, 'provider.invalid_request', 'The provider refused the request.'),
  'provider.unauthenticated': row(
    502,
    'provider.unauthenticated',
    'The provider did not accept the credential of this deployment.',
  ),
  'provider.not_found': row(404, 'provider.not_found', 'The provider does not know the model or route.'),
  'provider.residency_mismatch': row(
    403,
    'provider.invalid_request',
    'The provider may not process this request where it would have run.',
  ),
  'provider.rate_limited': row(
    429,
    'provider.rate_limited',
    'The provider limits the rate. Try again later.',
  ),
  'provider.overloaded': row(503, 'provider.overloaded', 'The provider is overloaded. Try again later.'),
  'provider.failed': row(502, 'provider.failed', 'The provider failed.'),
  'provider.timeout': row(504, 'provider.timeout', 'The provider did not answer in time.'),
  'provider.unreachable': row(502, 'provider.unreachable', 'The provider cannot be reached.'),
  'provider.malformed_response': row(
    502,
    'provider.malformed_response',
    'The provider sent an answer that is not valid.',
  ),
  'provider.stream_cut': row(502, 'provider.stream_cut', 'The stream of the provider ended before its end.'),
  'provider.stream_error': row(
    502,
    'provider.stream_error',
    'The provider reported an error within its stream.',
  ),
  'gateway.not_ready': row(503, 'gateway.not_ready', 'This router has no policy yet. Try again in a moment.'),
  'gateway.overloaded': row(503, 'gateway.overloaded', 'This service is overloaded. Try again later.'),
  'gateway.unavailable': row(
    503,
    'gateway.overloaded',
    'A service this depends on is not available. Try again later.',
  ),
  'gateway.not_implemented': row(501, 'gateway.internal', 'This is not offered yet.'),
  'gateway.internal': row(500, 'gateway.internal', 'Something failed here. The request id helps to find it.'),
} as const satisfies Record<string, ErrorCodeRow>;

export type ErrorCode = keyof typeof errorCodes;

/** The error answer every JSON face gives. `param` names a field of the request, never its value. */
export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly code: string;
    readonly param: string | null;
    readonly origin: 'router' | 'provider' | 'admin-config' | 'accounting' | 'audit';
  };
}

/** Builds the answer of a closed code. `param` must be a name from our own vocabulary. */
export const errorBody = (
  code: ErrorCode,
  origin: ErrorBody['error']['origin'],
  param: string | null = null,
): ErrorBody => {
  const dot = code.indexOf('.');
  return {
    error: {
      message: errorCodes[code].message,
      type: code.slice(0, dot),
      code: code.slice(dot + 1),
      param,
      origin,
    },
  };
};
