import type { JsonObject } from './json-codec.js';

/** An HTTP error, before a dialect gave it its form. */
export interface Refusal {
  readonly status: number;
  /** In OpenAI's words; Anthropic's follow from the status. */
  readonly type: string;
  readonly message: string;
  readonly param: string | null;
  readonly code: string | null;
  /** Further fields of the error object. */
  readonly details: JsonObject;
  readonly headers: Readonly<Record<string, string>>;
}

const QUOTED_CHARACTERS_MAX = 256;

const refusal = (status: number, type: string, message: string, rest: Partial<Refusal> = {}): Refusal => ({
  status,
  type,
  message,
  param: null,
  code: null,
  details: {},
  headers: {},
  ...rest,
});

export const badRequest = (message: string, param: string | null): Refusal =>
  refusal(400, 'invalid_request_error', message, { param });

const quotedName = (name: string): string => name.slice(0, QUOTED_CHARACTERS_MAX);

/** Quotes the name, as real providers do, so that a leak through it can be noticed. */
export const modelNotFound = (name: string): Refusal =>
  refusal(
    404,
    'invalid_request_error',
    `The model \`${quotedName(name)}\` does not exist or you do not have access to it.`,
    { param: 'model', code: 'model_not_found' },
  );

/** A model that is there, but not behind this endpoint. */
export const modelNotServedHere = (name: string): Refusal =>
  refusal(404, 'invalid_request_error', `The model \`${quotedName(name)}\` is not served by this endpoint.`, {
    param: 'model',
  });

export const unauthorized = (): Refusal =>
  refusal(401, 'invalid_request_error', 'Incorrect API key provided.', { code: 'invalid_api_key' });

export const tooLarge = (): Refusal =>
  refusal(413, 'invalid_request_error', 'The request body is too large.', {
    code: 'request_too_large',
    headers: { connection: 'close' },
  });

export const notFound = (): Refusal => refusal(404, 'invalid_request_error', 'Unknown request URL.');

export const wrongMethod = (allowed: string): Refusal =>
  refusal(405, 'invalid_request_error', 'Method not allowed.', { headers: { allow: allowed } });

export const brokenHere = (): Refusal =>
  refusal(500, 'server_error', 'The simulated provider failed by itself.', { code: 'simulator_failed' });
