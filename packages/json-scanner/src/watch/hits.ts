import { LetheError } from '@lethe/service-kit';
import type { JsonKind } from '../types.js';
import type { ByteSpan } from './span.js';

/** One place that a watched path leads to. */
export interface PathHit {
  /** The path as it was given; for a key with an escape, that of the object it is in. */
  readonly path: string;
  /** What stands there, or `escapedKey`: a key written with an escape, which might be a watched one. */
  readonly kind: JsonKind | 'escapedKey';
  /** A string of at most 64 bytes without escapes. */
  readonly text: string | undefined;
  /** A string with an escape in it: what it says was not read. */
  readonly escaped: boolean;
}

/** Longest string that is read, in bytes. */
const textBytesMax = 64;

/** Gathers what an engine tells of one field. */
export class Hits {
  readonly list: PathHit[] = [];
  readonly #field: string;
  readonly #span: ByteSpan;
  readonly #hitsMax: number;
  #path = '';
  #start = 0;

  constructor(field: string, span: ByteSpan, hitsMax: number) {
    this.#field = field;
    this.#span = span;
    this.#hitsMax = hitsMax;
  }

  value(path: string, kind: JsonKind, start: number): void {
    this.#path = path;
    this.#start = start;
    if (kind !== 'string') this.#add({ path, kind, text: undefined, escaped: false });
  }

  /** The string whose beginning was told last is over; `end` is behind its quote. */
  stringEnd(end: number, escaped: boolean): void {
    const isRead = !escaped && end - this.#start - 2 <= textBytesMax;
    const text = isRead ? this.#span.text(this.#start + 1, end - 1) : undefined;
    this.#add({ path: this.#path, kind: 'string', text, escaped });
  }

  escapedKey(path: string): void {
    this.#add({ path, kind: 'escapedKey', text: undefined, escaped: true });
  }

  #add(hit: PathHit): void {
    if (this.list.length === this.#hitsMax) throw new LetheError('caller.invalid_value', this.#field);
    this.list.push(hit);
  }
}
