import type { FieldSink, GrammarWalk } from '../grammar-walk.js';
import { ScanFault } from '../scan-fault.js';
import type { JsonKind } from '../types.js';
import { NumberWalk } from './number-walk.js';
import { endsPlainRun, StringWalk } from './string-walk.js';

/** What may come next, outside of strings, numbers and words. */
const top = 0;
const firstKey = 1;
const key = 2;
const colon = 3;
const value = 4;
const firstItem = 5;
const commaOrClose = 6;
const nothing = 7;

/** What the next byte belongs to. */
const inStructure = 0;
const inTopKey = 1;
const inString = 2;
const inNumber = 3;
const inWord = 4;

const anObject = 1;
const anArray = 2;
const words = { true: Buffer.from('true'), false: Buffer.from('false'), null: Buffer.from('null') } as const;

const malformed = (offset: number): never => {
  throw new ScanFault('caller.malformed_json', offset);
};

/** The grammar, byte by byte in JavaScript: what the WebAssembly engine is held against, and used where that cannot run. */
export class ScalarWalk implements GrammarWalk {
  readonly beyondAscii = true;
  readonly #fields: FieldSink;
  readonly #nestingMax: number;
  readonly #containers: Uint8Array;
  readonly #string = new StringWalk();
  readonly #number = new NumberWalk();
  #base = 0;
  #depth = 0;
  #expect: number = top;
  #within: number = inStructure;
  #stringIsKey = false;
  #word: Buffer = words.null;
  #wordBytes = 0;
  objectStart = 0;
  objectEnd = 0;

  constructor(fields: FieldSink, nestingMax: number) {
    this.#fields = fields;
    this.#nestingMax = nestingMax;
    this.#containers = new Uint8Array(nestingMax + 1);
  }

  get progress(): 'blank' | 'open' | 'whole' {
    if (this.#expect === top) return 'blank';
    return this.#expect === nothing ? 'whole' : 'open';
  }

  walk(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) at = this.#step(chunk, at);
    this.#base += chunk.length;
  }

  /** Nothing of the document was copied. */
  wipe(): void {}

  #step(chunk: Buffer, at: number): number {
    switch (this.#within) {
      case inString:
        return this.#walkString(chunk, at);
      case inNumber:
        return this.#walkNumber(chunk, at);
      case inTopKey:
        return this.#walkTopKey(chunk, at);
      case inWord:
        return this.#walkWord(chunk, at);
      default:
        return this.#walkStructure(chunk, at);
    }
  }

  #walkStructure(chunk: Buffer, at: number): number {
    let next = at;
    while (next < chunk.length && this.#within === inStructure) {
      const byte = chunk[next] as number;
      if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) {
        next++;
        continue;
      }
      this.#takeStructure(byte, this.#base + next);
      // A number and a word begin at this very byte; anything else has consumed it.
      const within: number = this.#within;
      if (within === inNumber || within === inWord) return next;
      next++;
    }
    return next;
  }

  #takeStructure(byte: number, offset: number): void {
    switch (this.#expect) {
      case commaOrClose:
        if (byte === 0x2c) this.#expect = this.#containers[this.#depth] === anObject ? key : value;
        else this.#close(byte, offset);
        return;
      case value:
        this.#beginValue(byte, offset);
        return;
      case firstItem:
        if (byte === 0x5d) this.#close(byte, offset);
        else this.#beginValue(byte, offset);
        return;
      case colon:
        if (byte !== 0x3a) malformed(offset);
        this.#expect = value;
        return;
      case firstKey:
        if (byte === 0x7d) this.#close(byte, offset);
        else this.#beginKey(byte, offset);
        return;
      case key:
        this.#beginKey(byte, offset);
        return;
      case top:
        this.#beginDocument(byte, offset);
        return;
      default:
        malformed(offset);
    }
  }

  #beginDocument(byte: number, offset: number): void {
    if (byte !== 0x7b) {
      const isOtherValue = byte === 0x5b || byte === 0x22 || byte === 0x2d || (byte >= 0x30 && byte <= 0x39);
      const isWord = byte === 0x74 || byte === 0x66 || byte === 0x6e;
      throw new ScanFault(isOtherValue || isWord ? 'caller.not_an_object' : 'caller.malformed_json', offset);
    }
    this.objectStart = offset;
    this.#open(anObject, offset);
  }

  #beginKey(byte: number, offset: number): void {
    if (byte !== 0x22) malformed(offset);
    if (this.#depth === 1) {
      this.#fields.beginKey(offset);
      this.#within = inTopKey;
    } else {
      this.#stringIsKey = true;
      this.#beginString();
    }
  }

  #beginString(): void {
    this.#string.begin();
    this.#within = inString;
  }

  #beginValue(byte: number, offset: number): void {
    const kind = kindOf(byte);
    if (kind === undefined) throw new ScanFault('caller.malformed_json', offset);
    if (this.#depth === 1) this.#fields.beginValue(kind, offset);
    switch (kind) {
      case 'object':
        this.#open(anObject, offset);
        break;
      case 'array':
        this.#open(anArray, offset);
        break;
      case 'string':
        this.#stringIsKey = false;
        this.#beginString();
        break;
      case 'number':
        this.#number.begin();
        this.#within = inNumber;
        break;
      default:
        this.#word = words[kind];
        this.#wordBytes = 0;
        this.#within = inWord;
    }
  }

  #open(container: number, offset: number): void {
    if (this.#depth === this.#nestingMax) throw new ScanFault('caller.nesting_too_deep', offset);
    this.#containers[++this.#depth] = container;
    this.#expect = container === anObject ? firstKey : firstItem;
  }

  #close(byte: number, offset: number): void {
    if (byte !== (this.#containers[this.#depth] === anObject ? 0x7d : 0x5d)) malformed(offset);
    this.#depth--;
    this.objectEnd = offset + 1;
    this.#endValue(offset + 1);
  }

  #endValue(end: number): void {
    this.#within = inStructure;
    this.#expect = this.#depth === 0 ? nothing : commaOrClose;
    if (this.#depth === 1) this.#fields.endValue(end);
  }

  #walkTopKey(chunk: Buffer, at: number): number {
    let next = at;
    while (next < chunk.length && endsPlainRun[chunk[next] as number] === 0) next++;
    if (next === chunk.length) {
      this.#fields.keyPart(chunk, at, next);
      return next;
    }
    const byte = chunk[next] as number;
    const offset = this.#base + next;
    if (byte === 0x5c) throw new ScanFault('caller.escaped_field_name', offset);
    if (byte !== 0x22) malformed(offset);
    this.#fields.endKey(chunk, at, next, offset);
    this.#within = inStructure;
    this.#expect = colon;
    return next + 1;
  }

  #walkString(chunk: Buffer, at: number): number {
    const next = this.#string.walk(chunk, at, this.#base);
    if (!this.#string.closed) return next;
    if (this.#stringIsKey) {
      this.#within = inStructure;
      this.#expect = colon;
    } else this.#endValue(this.#base + next);
    return next;
  }

  #walkNumber(chunk: Buffer, at: number): number {
    const next = this.#number.walk(chunk, at, this.#base);
    if (this.#number.closed) this.#endValue(this.#base + next);
    return next;
  }

  #walkWord(chunk: Buffer, at: number): number {
    let next = at;
    while (next < chunk.length && this.#wordBytes < this.#word.length) {
      if (chunk[next] !== this.#word[this.#wordBytes++]) malformed(this.#base + next);
      next++;
    }
    if (this.#wordBytes === this.#word.length) this.#endValue(this.#base + next);
    return next;
  }
}

const kindOf = (byte: number): JsonKind | undefined => {
  switch (byte) {
    case 0x22:
      return 'string';
    case 0x7b:
      return 'object';
    case 0x5b:
      return 'array';
    case 0x74:
      return 'true';
    case 0x66:
      return 'false';
    case 0x6e:
      return 'null';
    default:
      return byte === 0x2d || (byte >= 0x30 && byte <= 0x39) ? 'number' : undefined;
  }
};
