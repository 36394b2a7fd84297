import type { ErrorCode } from '@lethe/contracts';
import type { UpstreamResponse } from '../providers/types.js';

/** A provider's refusal as closed facts. Nothing of its text. */
export interface ClassifiedRefusal {
  readonly code: ErrorCode;
  readonly param: string | null;
  readonly retriable: boolean;
  readonly retryAfterSeconds: number | undefined;
}

const retryAfterSecondsMax = 3600;
const paramBytesMax = 64;
const betweenNameAndValue = new Set([...': \t\r\n'].map((char) => char.charCodeAt(0)));
const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const byStatus: Readonly<Record<number, readonly [ErrorCode, boolean]>> = {
  401: ['provider.unauthenticated', false],
  403: ['provider.unauthenticated', false],
  404: ['provider.not_found', false],
  408: ['provider.timeout', true],
  429: ['provider.rate_limited', true],
  500: ['provider.failed', true],
  502: ['provider.failed', true],
  503: ['provider.overloaded', true],
  504: ['provider.timeout', true],
  529: ['provider.overloaded', true],
};

const classOf = (status: number): readonly [ErrorCode, boolean] => {
  if (status < 400) return ['provider.malformed_response', false];
  return byStatus[status] ?? (status < 500 ? ['provider.invalid_request', false] : ['provider.failed', true]);
};

/** The first `bytesMax` bytes of a body; the rest is cut off. */
const readBounded = async (response: UpstreamResponse, bytesMax: number): Promise<Buffer> => {
  const kept = Buffer.alloc(bytesMax);
  let length = 0;
  await response.pipe({
    data: (buffer, start, end) => {
      length += buffer.copy(kept, length, start, Math.min(end, start + bytesMax - length));
      if (length === bytesMax) response.abort();
      return 'continue';
    },
  });
  return kept.subarray(0, length);
};

/**
 * The top-level field a refusal names, when it is one of ours to know. `"param":` cannot stand inside a JSON string,
 * so bytes are compared with the known names and no other text is ever made of them.
 */
const namedField = (body: Buffer, fields: readonly string[]): string | null => {
  const at = body.indexOf('"param"');
  if (at === -1) return null;
  let start = at + '"param"'.length;
  while (betweenNameAndValue.has(body[start] ?? -1)) start += 1;
  if (body[start] !== 0x22) return null;
  const value = body.subarray(start + 1, start + 1 + paramBytesMax);
  const end = value.findIndex((byte) => byte === 0x22 || byte === 0x2e || byte === 0x5b);
  if (end === -1) return null;
  const name = value.subarray(0, end);
  return fields.find((field) => name.equals(Buffer.from(field))) ?? null;
};

/** Whole seconds, given as such or as the date they end at. */
const retryAfter = (response: UpstreamResponse): number | undefined => {
  const value = response.header('retry-after') ?? '';
  const seconds = httpDate.test(value) ? (Date.parse(value) - Date.now()) / 1000 : Number(value);
  return Number.isFinite(seconds) && seconds > 0
    ? Math.min(Math.ceil(seconds), retryAfterSecondsMax)
    : undefined;
};

/**
 * Reduces an answer that is no success to closed facts, reading at most `bytesMax` of its body and overwriting that.
 * `fields`: the names that a refusal may be said to be about.
 */
export const classifyRefusal = async (
  response: UpstreamResponse,
  fields: readonly string[],
  bytesMax: number,
): Promise<ClassifiedRefusal> => {
  const body = await readBounded(response, bytesMax);
  try {
    const [code, retriable] = classOf(response.status);
    const param = code === 'provider.invalid_request' ? namedField(body, fields) : null;
    return { code, param, retriable, retryAfterSeconds: retryAfter(response) };
  } finally {
    body.fill(0);
  }
};
