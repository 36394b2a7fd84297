import type { Serving } from '../exchange.js';
import type { JsonObject } from '../json-codec.js';
import type { FaultKind } from '../models.js';

const HEADER_CHARACTERS_MAX = 1_024;

const REFUSALS = {
  '400': { status: 400, type: 'invalid_request_error', code: 'invalid_value' },
  '401': { status: 401, type: 'invalid_request_error', code: 'invalid_api_key' },
  '403': { status: 403, type: 'permission_error', code: 'model_not_allowed' },
  '429': { status: 429, type: 'requests', code: 'rate_limit_exceeded' },
  '500': { status: 500, type: 'server_error', code: null },
  '529': { status: 529, type: 'overloaded_error', code: 'overloaded' },
} as const satisfies Partial<Record<FaultKind, object>>;

const HEADERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '429': { 'retry-after': '1', 'x-ratelimit-remaining-requests': '0' },
};

/** What of a text a header may hold: printable ASCII, bounded. */
const headerText = (text: string): string =>
  text.slice(0, HEADER_CHARACTERS_MAX).replace(/[^\x20-\x7e]/g, '?');

/** An error that repeats the prompt wherever real providers were seen to: message, param, details, a header. */
export function refuseQuoting({ exchange, task }: Serving, kind: keyof typeof REFUSALS): void {
  const { userText: text } = task;
  const details: JsonObject = {
    details: [{ loc: ['messages', 0, 'content'], input: text, context: { value: text } }],
    failed_generation: text,
  };
  exchange.refuse({
    ...REFUSALS[kind],
    message: `Could not serve the request: "${text}"`,
    param: kind === '400' ? text : null,
    details: kind === '400' ? details : {},
    headers: { ...HEADERS[kind], ...(kind === '400' && { 'x-error-detail': headerText(text) }) },
  });
}
