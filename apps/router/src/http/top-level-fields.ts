import { randomBytes } from 'node:crypto';
import { LetheError } from '@lethe/service-kit';
import type { JsonKind, TopLevelField, TopLevelScan } from './types.js';

interface KnownName<Name extends string> {
  readonly name: Name;
  readonly bytes: Buffer;
}

/** Field names by their length in bytes, so that a key is compared with a few of them only. */
export type KnownNames<Name extends string> = readonly (readonly KnownName<Name>[] | undefined)[];

/** Prepares the names a scanner reports. Once per process, not per request. */
export const knownNames = <Name extends string>(names: readonly Name[]): KnownNames<Name> => {
  const byLength: KnownName<Name>[][] = [];
  for (const name of names) {
    const bytes = Buffer.from(name);
    const sameLength = byLength[bytes.length];
    if (sameLength === undefined) byLength[bytes.length] = [{ name, bytes }];
    else sameLength.push({ name, bytes });
  }
  return byLength;
};

/** Longest name that can be known. */
const keyBytesKept = 64;
const seeds = new Int32Array(randomBytes(8).buffer.slice(0, 8));
const seedA = seeds[0] as number;
const seedB = seeds[1] as number;

interface UnknownKey {
  readonly bytes: number;
  readonly hashA: number;
  readonly hashB: number;
}

/** What one top-level object is made of. Keys stay bytes: an unknown one leaves its length and two hashes. */
export class TopLevelFields<Name extends string> {
  readonly #names: KnownNames<Name>;
  readonly #fieldsMax: number;
  readonly #fields: TopLevelField<Name>[] = [];
  readonly #unknown: UnknownKey[] = [];
  readonly #key = Buffer.alloc(keyBytesKept);
  #keyBytes = 0;
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
    if (this.#fields.length === this.#fieldsMax) throw new LetheError('caller.too_many_fields');
    this.#keyStart = start;
    this.#keyBytes = 0;
    this.#hashA = seedA;
    this.#hashB = seedB;
  }

  keyBytes(chunk: Buffer, start: number, end: number): void {
    chunk.copy(this.#key, Math.min(this.#keyBytes, keyBytesKept), start, end);
    for (let at = start; at < end; at++) {
      const byte = chunk[at] as number;
      this.#hashA = Math.imul(this.#hashA ^ byte, 0x01000193);
      this.#hashB = Math.imul(this.#hashB ^ byte, 0x5bd1e995) ^ (this.#hashB >>> 15);
    }
    this.#keyBytes += end - start;
  }

  /** Refuses a key that was given before. Equal keys are always found; different ones never, but for a hash of 64 bits. */
  endKey(): void {
    this.openName = this.#knownName();
    if (this.openName !== undefined) {
      if (this.field(this.openName) !== undefined)
        throw new LetheError('caller.duplicate_field', this.openName);
      return;
    }
    const key: UnknownKey = { bytes: this.#keyBytes, hashA: this.#hashA, hashB: this.#hashB };
    for (const other of this.#unknown) {
      if (other.hashA === key.hashA && other.hashB === key.hashB && other.bytes === key.bytes)
        throw new LetheError('caller.duplicate_field');
    }
    this.#unknown.push(key);
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

  wipe(): void {
    this.#key.fill(0);
  }

  #knownName(): Name | undefined {
    if (this.#keyBytes > keyBytesKept) return undefined;
    const candidates = this.#names[this.#keyBytes];
    if (candidates === undefined) return undefined;
    for (const { name, bytes } of candidates) {
      if (bytes.compare(this.#key, 0, this.#keyBytes) === 0) return name;
    }
    return undefined;
  }
}
