import type { JsonKind } from '../types.js';
import type { Watch, WatchNode } from './compile-paths.js';
import type { Hits } from './hits.js';
import type { ByteSpan } from './span.js';

type Mode = 'structure' | 'key' | 'string' | 'scalar' | 'skipped';
type Expect = 'value' | 'after' | 'key' | 'colon';

/** Longest key that can be watched, and one more to tell longer ones from it. */
const keyBytesKept = 65;

const kindOf = (byte: number): JsonKind => {
  if (byte === 0x22) return 'string';
  if (byte === 0x7b) return 'object';
  if (byte === 0x5b) return 'array';
  return byte === 0x74 ? 'true' : byte === 0x66 ? 'false' : byte === 0x6e ? 'null' : 'number';
};
const endsScalar = (byte: number): boolean => byte <= 0x20 || byte === 0x2c || byte === 0x5d || byte === 0x7d;

/** The second mode byte by byte: what the compiled one is held against, and used where that cannot run. */
class ScalarSkim {
  readonly #watch: Watch;
  readonly #hits: Hits;
  readonly #stack: { readonly node: WatchNode; readonly isObject: boolean }[] = [];
  readonly #key = Buffer.alloc(keyBytesKept);
  #keyBytes = 0;
  #mode: Mode = 'structure';
  #expect: Expect = 'value';
  #pending: WatchNode | undefined;
  #isWatchedString = false;
  #escapeOpen = false;
  #sawEscape = false;
  #skippedDepth = 0;
  #inSkippedString = false;
  over = false;

  constructor(watch: Watch, node: number, hits: Hits) {
    this.#watch = watch;
    this.#hits = hits;
    this.#pending = this.#nodeOf(node);
  }

  /** Takes one byte. False when it has to be taken again: it ended a number or a word. */
  take(byte: number, offset: number): boolean {
    switch (this.#mode) {
      case 'structure':
        if (byte > 0x20) this.#takeStructure(byte, offset);
        return true;
      case 'key':
      case 'string':
        this.#takeString(byte, offset);
        return true;
      case 'skipped':
        this.#takeSkipped(byte);
        return true;
      default:
        if (!endsScalar(byte)) return true;
        this.#valueOver();
        return false;
    }
  }

  wipe(): void {
    this.#key.fill(0);
  }

  #nodeOf(id: number): WatchNode | undefined {
    return id === 0 ? undefined : this.#watch.nodes[id];
  }

  #valueOver(): void {
    this.#mode = 'structure';
    this.#expect = 'after';
    if (this.#stack.length === 0) this.over = true;
  }

  #takeStructure(byte: number, offset: number): void {
    const top = this.#stack.at(-1);
    if (byte === 0x5d || byte === 0x7d) {
      this.#stack.pop();
      this.#valueOver();
    } else if (this.#expect === 'after') {
      this.#expect = top?.isObject === true ? 'key' : 'value';
      this.#pending = top?.isObject === true ? undefined : this.#nodeOf(top?.node.item ?? 0);
    } else if (this.#expect === 'colon') {
      this.#expect = 'value';
    } else if (this.#expect === 'key') {
      this.#keyBytes = 0;
      this.#sawEscape = false;
      this.#mode = 'key';
    } else this.#beginValue(byte, offset);
  }

  #beginValue(byte: number, offset: number): void {
    const kind = kindOf(byte);
    const node = this.#pending;
    const path = node === undefined ? undefined : this.#watch.paths[node.pattern];
    if (path !== undefined) this.#hits.value(path, kind, offset);
    this.#expect = 'after';
    if (kind === 'string') {
      this.#isWatchedString = path !== undefined;
      this.#sawEscape = false;
      this.#mode = 'string';
    } else if (kind === 'object' || kind === 'array') {
      this.#open(node, kind === 'object');
    } else this.#mode = 'scalar';
  }

  #open(node: WatchNode | undefined, isObject: boolean): void {
    if (node === undefined || (isObject ? node.keys.size === 0 : node.item === 0)) {
      this.#mode = 'skipped';
      this.#skippedDepth = 1;
      return;
    }
    this.#stack.push({ node, isObject });
    this.#expect = isObject ? 'key' : 'value';
    this.#pending = isObject ? undefined : this.#nodeOf(node.item);
  }

  #takeString(byte: number, offset: number): void {
    if (this.#mode === 'key' && byte !== 0x22 && this.#keyBytes < keyBytesKept)
      this.#key[this.#keyBytes++] = byte;
    if (this.#escapeOpen) this.#escapeOpen = false;
    else if (byte === 0x5c) {
      this.#escapeOpen = true;
      this.#sawEscape = true;
    } else if (byte === 0x22 && this.#mode === 'key') this.#endKey();
    else if (byte === 0x22) {
      if (this.#isWatchedString) this.#hits.stringEnd(offset + 1, this.#sawEscape);
      this.#valueOver();
    }
  }

  #endKey(): void {
    const node = this.#stack.at(-1)?.node;
    this.#mode = 'structure';
    this.#expect = 'colon';
    this.#pending = undefined;
    if (node === undefined) return;
    if (this.#sawEscape) this.#hits.escapedKey(node.path);
    else {
      // latin1: what is watched is ASCII, and other bytes equal no letter of it.
      const id = node.keys.get(this.#key.toString('latin1', 0, this.#keyBytes));
      this.#pending = this.#nodeOf(id ?? 0);
    }
  }

  #takeSkipped(byte: number): void {
    if (this.#inSkippedString) {
      if (this.#escapeOpen) this.#escapeOpen = false;
      else if (byte === 0x5c) this.#escapeOpen = true;
      else if (byte === 0x22) this.#inSkippedString = false;
    } else if (byte === 0x22) this.#inSkippedString = true;
    else if (byte === 0x7b || byte === 0x5b) this.#skippedDepth++;
    else if ((byte === 0x7d || byte === 0x5d) && --this.#skippedDepth === 0) this.#valueOver();
  }
}

/** Walks one value. */
export const scalarSkim = (watch: Watch, node: number, span: ByteSpan, hits: Hits): void => {
  const skim = new ScalarSkim(watch, node, hits);
  try {
    for (let at = span.start; at < span.end && !skim.over; ) {
      const { chunk, base } = span.at(at);
      const end = Math.min(chunk.length, span.end - base);
      for (let next = at - base; next < end && !skim.over; ) {
        if (skim.take(chunk[next] as number, base + next)) next++;
      }
      at = base + end;
    }
  } finally {
    skim.wipe();
  }
};
