import type { JsonObject } from './json-codec.js';

/** An HTTP error in the dialect: `{"error": …}` with a status and perhaps headers. */
export interface Refusal {
  readonly status: number;
  readonly error: JsonObject;
  readonly headers: Readonly<Record<string, string>>;
}

const QUOTED_CHARACTERS_MAX = 256;

const refusal = (status: number, type: string, message: string, rest: JsonObject = {}): Refusal => ({
  status,
  error: { message, type, param: null, code: null, ...rest },
  headers: {},
});

export const badRequest = (message: string, param: string | null): Refusal =>
  refusal(400, 'invalid_request_error', message, { param });

/** Quotes the name, as real providers do, so that a leak through it can be noticed. */
export const modelNotFound = (name: string): Refusal =>
  refusal(
    404,
    'invalid_request_error',
    `The model \`${name.slice(0, QUOTED_CHARACTERS_MAX)}\` does not exist or you do not have access to it.`,
    { param: 'model', code: 'model_not_found' },
  );

export const unauthorized = (): Refusal =>
  refusal(401, 'invalid_request_error', 'Incorrect API key provided.', { code: 'invalid_api_key' });

export const tooLarge = (): Refusal =>
  refusal(413, 'invalid_request_error', 'The request body is too large.', { code: 'request_too_large' });

export const notFound = (): Refusal => refusal(404, 'invalid_request_error', 'Unknown request URL.');

export const wrongMethod = (allowed: string): Refusal => ({
  ...refusal(405, 'invalid_request_error', 'Method not allowed.'),
  headers: { allow: allowed },
});

export const brokenHere = (): Refusal =>
  refusal(500, 'server_error', 'The simulated provider failed by itself.', { code: 'simulator_failed' });
