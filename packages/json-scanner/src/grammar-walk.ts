import type { JsonKind } from './types.js';

/** Where a walk tells what the top-level object is made of. Offsets are of the document, parts of keys of the chunk. */
export interface FieldSink {
  beginKey(start: number): void;
  /** The chunk ends within a key: these are the bytes of it so far. */
  keyPart(chunk: Buffer, start: number, end: number): void;
  /** The rest of a key, and the offset of its closing quote. Throws ScanFault. */
  endKey(chunk: Buffer, start: number, end: number, at: number): void;
  beginValue(kind: JsonKind, start: number): void;
  endValue(end: number): void;
}

/** Holds a document against the grammar of JSON, chunk by chunk. The two engines are two of these. */
export interface GrammarWalk {
  /** Walks the next chunk and keeps no reference to it. Throws ScanFault. */
  walk(chunk: Buffer): void;
  /** False when the chunk walked last was all ASCII, as far as it was walked. */
  readonly beyondAscii: boolean;
  /** How far the document got: `blank` has no byte but white space. */
  readonly progress: 'blank' | 'open' | 'whole';
  readonly objectStart: number;
  readonly objectEnd: number;
  /** Gives up what the walk holds of the document. Idempotent. */
  wipe(): void;
}
