import { SealedPayloadError, type SealedPayloadErrorCode } from './error.js';

/** Throws the code unless the value is exactly so many bytes. */
export function requireBytes(value: Uint8Array, byteCount: number, code: SealedPayloadErrorCode): void {
  if (!(value instanceof Uint8Array) || value.length !== byteCount) throw new SealedPayloadError(code);
}
