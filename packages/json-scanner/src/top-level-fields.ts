import { randomBytes } from 'node:crypto';
import type { FieldSink } from './grammar-walk.js';
import { ScanFault } from './scan-fault.js';
import type { JsonKind, TopLevelField, TopLevelScan } from './types.js';

interface KnownName<Name extends string> {
  readonly name: Name;
  readonly bytes: Buffer;
}

/** Field names by their length in bytes, so that a key is compared with a few of them only. */
export type KnownNames<Name extends string> = readonly (readonly KnownName<Name>[] | undefined)[];

/** Longest name that can be known, in bytes. */
const knownBytesMax = 64;

/** Prepares the names a scanner reports. Once per process, not per request. Throws RangeError beyond 64 bytes. */
export const knownNames = <Name extends string>(names: readonly Name[]): KnownNames<Name> => {
  const byLength: KnownName<Name>[][] = [];
  for (const name of names) {
    const bytes = Buffer.from(name);
    if (bytes.length > knownBytesMax) throw new RangeError('a known name is longer than 64 bytes');
    const sameLength = byLength[bytes.length];
    if (sameLength === undefined) byLength[bytes.length] = [{ name, bytes }];
    else sameLength.push({ name, bytes });
  }
  return byLength;
};

const seeds = new Int32Array(randomBytes(8).buffer.slice(0, 8));
const seedA = seeds[0] as number;
const seedB = seeds[1] as number;

interface UnknownKey {
  readonly bytes: number;
  readonly hashA: number;
  readonly hashB: number;
}

/** What one top-level object is made of. Keys stay bytes: an unknown one leaves its length and two hashes. */
export class TopLevelFields<Name extends string> implements FieldSink {
  readonly #names: KnownNames<Name>;
  readonly #fieldsMax: number;
  readonly #fields: TopLevelField<Name>[] = [];
  readonly #unknown: UnknownKey[] = [];
  /** The beginning of a key that a chunk ended within. Off V8's heap, so that one fill() removes it. */
  #kept: Buffer | undefined;
  #keptBytes = 0;
  #keyStart = 0;
  #hashA = 0;
  #hashB = 0;
  #kind: JsonKind = 'null';
  #valueStart = 0;
  /** The known name of the field being read, if it has one. */
  openName: Name | undefined;

  constructor(names: KnownNames<Name>, fieldsMax: number) {
    this.#names = names;
    this.#fieldsMax = fieldsMax;
  }

  beginKey(start: number): void {
    if (this.#fields.length === this.#fieldsMax) throw new ScanFault('caller.too_many_fields', start);
    this.#keyStart = start;
    this.#keptBytes = 0;
    this.#hashA = seedA;
    this.#hashB = seedB;
  }

  keyPart(chunk: Buffer, start: number, end: number): void {
    this.#hash(chunk, start, end);
    this.#kept ??= Buffer.alloc(knownBytesMax);
    chunk.copy(this.#kept, Math.min(this.#keptBytes, knownBytesMax), start, end);
    this.#keptBytes += end - start;
  }

  /** Refuses a key that was given before. Equal keys are always found; different ones never, but for a hash of 64 bits. */
  endKey(chunk: Buffer, start: number, end: number, at: number): void {
    if (this.#keptBytes === 0) {
      this.openName = this.#knownName(chunk, start, end - start);
    } else {
      this.keyPart(chunk, start, end);
      this.openName = this.#knownName(this.#kept as Buffer, 0, this.#keptBytes);
    }
    if (this.openName !== undefined) {
      if (this.field(this.openName) !== undefined)
        throw new ScanFault('caller.duplicate_field', at, this.openName);
      return;
    }
    if (this.#keptBytes === 0) this.#hash(chunk, start, end);
    this.#addUnknown({ bytes: at - this.#keyStart, hashA: this.#hashA, hashB: this.#hashB }, at);
  }

  beginValue(kind: JsonKind, start: number): void {
    this.#kind = kind;
    this.#valueStart = start;
  }

  endValue(end: number): void {
    this.#fields.push({
      name: this.openName,
      kind: this.#kind,
      keyStart: this.#keyStart,
      valueStart: this.#valueStart,
      valueEnd: end,
    });
    this.openName = undefined;
  }

  field(name: Name): TopLevelField<Name> | undefined {
    for (const field of this.#fields) if (field.name === name) return field;
    return undefined;
  }

  /** The known name of the field whose value covers an offset. */
  nameAt(offset: number): Name | undefined {
    for (const field of this.#fields) {
      if (offset >= field.valueStart && offset < field.valueEnd) return field.name;
    }
    return offset >= this.#valueStart ? this.openName : undefined;
  }

  scan(objectStart: number, objectEnd: number): TopLevelScan<Name> {
    return { objectStart, objectEnd, fields: this.#fields, field: (name) => this.field(name) };
  }

  /** Overwrites the bytes of a key that were kept. */
  wipe(): void {
    this.#kept?.fill(0);
  }

  #addUnknown(key: UnknownKey, at: number): void {
    for (const other of this.#unknown) {
      if (other.hashA === key.hashA && other.hashB === key.hashB && other.bytes === key.bytes)
        throw new ScanFault('caller.duplicate_field', at);
    }
    this.#unknown.push(key);
  }

  #hash(bytes: Buffer, start: number, end: number): void {
    let hashA = this.#hashA;
    let hashB = this.#hashB;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number;
      hashA = Math.imul(hashA ^ byte, 0x01000193);
      hashB = Math.imul(hashB ^ byte, 0x5bd1e995) ^ (hashB >>> 15);
    }
    this.#hashA = hashA;
    this.#hashB = hashB;
  }

  #knownName(key: Buffer, start: number, bytesTotal: number): Name | undefined {
    const candidates = this.#names[bytesTotal];
    if (candidates === undefined) return undefined;
    for (const { name, bytes } of candidates) {
      let same = 0;
      while (same < bytesTotal && bytes[same] === key[start + same]) same++;
      if (same === bytesTotal) return name;
    }
    return undefined;
  }
}
