import type { ScanLimits, TopLevelScan } from '@lethe/json-scanner';

export type { JsonKind, TopLevelField, TopLevelScan } from '@lethe/json-scanner';

/** A request body as received (decoded from its content-encoding), in Buffers that are overwritten once. */
export interface RequestBody<Name extends string = string> {
  readonly bytesTotal: number;
  readonly chunks: readonly Buffer[];
  readonly scan: TopLevelScan<Name>;
  /** A short scalar as a string; undefined when the field is absent, no string, escaped, or longer than bytesMax. */
  readString(name: Name, bytesMax: number): string | undefined;
  /** A copy of a field's raw bytes, when no longer than bytesMax. The caller overwrites it. */
  readBytes(name: Name, bytesMax: number): Buffer | undefined;
  /**
   * A small object, parsed; undefined when the field is absent or null. Throws LetheError naming the field when it
   * is something else, is too large or has a key twice.
   */
  readObject(name: Name): Readonly<Record<string, unknown>> | undefined;
  /** Overwrites every chunk. Idempotent. */
  wipe(): void;
}

export interface BodyLimits extends ScanLimits {
  readonly bodyBytesMax: number;
  readonly uploadMsMax: number; // the whole upload
  readonly uploadIdleMsMax: number; // between two chunks
}

/** Replace [start, end) of the body with `insert`; start = end inserts. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly insert: Buffer;
}

/** The body after edits: slices of the original chunks and inserts, no copy of content. */
export interface SplicedBody {
  readonly buffers: readonly Buffer[];
  readonly bytesTotal: number;
}
