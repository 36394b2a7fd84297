import { PLAINTEXT_BYTES_MAX } from './aes-gcm.js';
import { SealedPayloadError } from './error.js';
import type { DroppedCounts, PayloadDocument, Truncation } from './payload-document.js';

const FORMAT_VERSION = 1;

/**
 * The document as JSON in UTF-8, at most 64 MiB: the plaintext that is sealed. Throws bad_document.
 * The caller wipes it after sealing.
 */
export function encodePayload(document: PayloadDocument): Buffer {
  const json = stringify({ version: FORMAT_VERSION, ...fieldsOf(document) });
  const byteCount = Buffer.byteLength(json, 'utf8');
  if (byteCount > PLAINTEXT_BYTES_MAX) throw new SealedPayloadError('bad_document');
  // Buffer.from would put a short payload into Node's shared pool.
  const encoded = Buffer.alloc(byteCount);
  encoded.write(json, 'utf8');
  return encoded;
}

/** Reads what encodePayload wrote; members it does not know fall away. Throws bad_document. */
export function decodePayload(encoded: Uint8Array): PayloadDocument {
  const value = parse(encoded);
  if (!isRecord(value) || value.version !== FORMAT_VERSION) throw new SealedPayloadError('bad_document');
  return fieldsOf(value);
}

function fieldsOf(value: unknown): PayloadDocument {
  if (!isDocument(value)) throw new SealedPayloadError('bad_document');
  const { messages, choices, tools, truncated, originalBytes, dropped } = value;
  return {
    messages,
    choices,
    tools,
    truncated,
    originalBytes,
    dropped: {
      messages: dropped.messages,
      choices: dropped.choices,
      tools: dropped.tools,
      values: dropped.values,
    },
    truncations: value.truncations.map((cut) => ({ path: cut.path, originalBytes: cut.originalBytes })),
  };
}

function isDocument(value: unknown): value is PayloadDocument {
  return (
    isRecord(value) &&
    [value.messages, value.choices, value.tools].every(Array.isArray) &&
    typeof value.truncated === 'boolean' &&
    isCount(value.originalBytes) &&
    isDroppedCounts(value.dropped) &&
    Array.isArray(value.truncations) &&
    value.truncations.every(isTruncation)
  );
}

function isDroppedCounts(value: unknown): value is DroppedCounts {
  return isRecord(value) && [value.messages, value.choices, value.tools, value.values].every(isCount);
}

function isTruncation(value: unknown): value is Truncation {
  return isRecord(value) && typeof value.path === 'string' && isCount(value.originalBytes);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function stringify(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    throw new SealedPayloadError('bad_document');
  }
}

// Both errors caught here quote their input: the decoder's by its bytes, the parser's by its text.
function parse(encoded: Uint8Array): unknown {
  try {
    if (encoded.length > PLAINTEXT_BYTES_MAX) throw new SealedPayloadError('bad_document');
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(encoded));
  } catch {
    throw new SealedPayloadError('bad_document');
  }
}
