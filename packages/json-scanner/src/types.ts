/** What kind of JSON value a field or a found value has. */
export type JsonKind = 'string' | 'number' | 'object' | 'array' | 'true' | 'false' | 'null';

/** One top-level field, as byte offsets into the document. Content is never turned into a string to find it. */
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

export interface ScanLimits {
  readonly nestingMax: number;
  readonly topLevelFieldsMax: number;
}
