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
const valueBytesMax = 64;
const betweenNameAndValue = new Set([...': \t\r\n'].map((char) => char.charCodeAt(0)));
const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
type RefusalClass = readonly [code: ErrorCode, retriable: boolean];
const byStatus: Readonly<Record<number, RefusalClass>> = {
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

const unpaid: RefusalClass = ['provider.unauthenticated', false];
const misplaced: RefusalClass = ['provider.residency_mismatch', false];

/**
 * Words of providers' own that say more than the status they come with, by the least status they may come with. A
 * refusal may repeat the request, so a word never makes a request worth repeating that its status says is not.
 */
const byWord: Readonly<Record<string, readonly [statusMin: number, means: RefusalClass]>> = {
  data_residency_mismatch: [400, misplaced],
  billing_error: [400, unpaid],
  authentication_error: [400, unpaid],
  permission_error: [400, unpaid],
  overloaded_error: [500, ['provider.overloaded', true]],
  rate_limit_error: [500, ['provider.rate_limited', true]],
  timeout_error: [500, ['provider.timeout', true]],
};
const words = Object.keys(byWord).map((word) => ({ word, bytes: Buffer.from(word) }));
const wordKeys = [Buffer.from('"type"'), Buffer.from('"code"')];

const classOf = (status: number): RefusalClass => {
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
 * The start of the string that is the value of a key found at `at`; undefined when no string follows. A quoted key
 * followed by a colon cannot stand inside a JSON string, so bytes are compared and no text is ever made of them.
 */
const stringAfter = (body: Buffer, at: number, keyBytes: number): Buffer | undefined => {
  let start = at + keyBytes;
  while (betweenNameAndValue.has(body[start] ?? -1)) start += 1;
  return body[start] === 0x22 ? body.subarray(start + 1, start + 1 + valueBytesMax) : undefined;
};

/** The top-level field a refusal names, when it is one of ours to know. */
const namedField = (body: Buffer, fields: readonly string[]): string | null => {
  const at = body.indexOf('"param"');
  const value = at === -1 ? undefined : stringAfter(body, at, '"param"'.length);
  const end = value?.findIndex((byte) => byte === 0x22 || byte === 0x2e || byte === 0x5b) ?? -1;
  if (value === undefined || end === -1) return null;
  const name = value.subarray(0, end);
  return fields.find((field) => name.equals(Buffer.from(field))) ?? null;
};

/** What a refusal's own word means, when it is one that says more than its status. */
const classInWords = (body: Buffer, status: number): RefusalClass | undefined => {
  for (const key of wordKeys) {
    for (let at = body.indexOf(key); at !== -1; at = body.indexOf(key, at + key.length)) {
      const value = stringAfter(body, at, key.length);
      const end = value?.indexOf(0x22) ?? -1;
      if (value === undefined || end === -1) continue;
      const found = words.find(({ bytes }) => value.subarray(0, end).equals(bytes));
      const [statusMin, means] = byWord[found?.word ?? ''] ?? [];
      if (means !== undefined && statusMin !== undefined && status >= statusMin) return means;
    }
  }
  return undefined;
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
    const [code, retriable] = classInWords(body, response.status) ?? classOf(response.status);
    const param = code === 'provider.invalid_request' ? namedField(body, fields) : null;
    return { code, param, retriable, retryAfterSeconds: retryAfter(response) };
  } finally {
    body.fill(0);
  }
};
