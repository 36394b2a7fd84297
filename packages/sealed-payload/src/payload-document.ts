/** Where a string was cut, and how long it was. */
export interface Truncation {
  /** JSON pointer into the document, itself cut to 128 bytes. */
  readonly path: string;
  /** UTF-8 bytes of the whole string. */
  readonly originalBytes: number;
}

/** How many elements were left out of each list, and how many values out of what was kept. */
export interface DroppedCounts {
  readonly messages: number;
  readonly choices: number;
  readonly tools: number;
  /** Nested too deeply, named too long, or not representable in JSON. */
  readonly values: number;
}

/** The content of one request and its answer, as the payload holds it. Lists hold JSON values. */
export interface PayloadDocument {
  readonly messages: readonly unknown[];
  readonly choices: readonly unknown[];
  readonly tools: readonly unknown[];
  /** Whether anything that was said is not here in whole. */
  readonly truncated: boolean;
  /** Bytes of request and response content as received. */
  readonly originalBytes: number;
  readonly dropped: DroppedCounts;
  readonly truncations: readonly Truncation[];
}

/** What stands in for binary content: an image, audio, a file. `bytes` is the decoded size. */
export interface BinaryMarker {
  readonly type: 'binary';
  readonly bytes: number;
  readonly mediaType: string;
}

/** A document from which nothing was left out yet. */
export function payloadDocument(
  content: Pick<PayloadDocument, 'messages' | 'choices' | 'tools' | 'originalBytes'>,
): PayloadDocument {
  return {
    messages: content.messages,
    choices: content.choices,
    tools: content.tools,
    truncated: false,
    originalBytes: content.originalBytes,
    dropped: { messages: 0, choices: 0, tools: 0, values: 0 },
    truncations: [],
  };
}
