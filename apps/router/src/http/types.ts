/** What kind of JSON value a top-level field has. */
export type JsonKind = 'string' | 'number' | 'object' | 'array' | 'true' | 'false' | 'null';

/** One top-level field, as byte offsets into the decoded body. Content is never turned into a string to find it. */
export interface TopLevelField<Name extends string = string> {
  /** One of the names the scanner was asked for; undefined for any other key, whose name stays bytes. */
  readonly name: Name | undefined;
  readonly kind: JsonKind;
  readonly keyStart: number; // of the opening quote
  readonly valueStart: number;
  readonly valueEnd: number; // exclusive
}

export interface TopLevelScan<Name extends string = string> {
  readonly objectStart: number; // of `{`
  readonly objectEnd: number; // exclusive, after `}`
  readonly fields: readonly TopLevelField<Name>[];
  /** The field of this name, if it was sent. */
  field(name: Name): TopLevelField<Name> | undefined;
}

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

export interface BodyLimits {
  readonly bodyBytesMax: number;
  readonly nestingMax: number;
  readonly topLevelFieldsMax: number;
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
