import { LetheError } from '@lethe/service-kit';
import { type GrammarWalkMaker, makeWalk } from './engine.js';
import type { GrammarWalk } from './grammar-walk.js';
import { ScanFault } from './scan-fault.js';
import { type KnownNames, TopLevelFields } from './top-level-fields.js';
import type { ScanLimits, TopLevelScan } from './types.js';
import { Utf8Check } from './utf8-check.js';

/**
 * Checks a whole JSON document while it arrives in chunks, and notes where the fields of its top-level object lie. It
 * makes no string of anything it reads. Throws LetheError naming a known field, never quoting: of all that is wrong
 * with a document, what comes first in it, whatever it is cut at.
 */
export class JsonScanner<Name extends string> {
  readonly #fields: TopLevelFields<Name>;
  readonly #walk: GrammarWalk;
  readonly #utf8 = new Utf8Check();
  #base = 0;
  #failed: LetheError | undefined;

  constructor(names: KnownNames<Name>, limits: ScanLimits, make: GrammarWalkMaker = makeWalk) {
    this.#fields = new TopLevelFields(names, limits.topLevelFieldsMax);
    this.#walk = make(this.#fields, limits.nestingMax);
  }

  /** Reads the next chunk; keeps no reference to it. */
  feed(chunk: Buffer): void {
    if (this.#failed !== undefined) throw this.#failed;
    const fault = this.#fault(chunk);
    if (fault !== undefined) throw this.#fail(fault);
    this.#base += chunk.length;
  }

  /** Where the fields lie, once all chunks were read. */
  finish(): TopLevelScan<Name> {
    if (this.#failed !== undefined) throw this.#failed;
    const { progress, objectStart, objectEnd } = this.#walk;
    if (progress === 'blank') throw this.#fail(new ScanFault('caller.empty_body', this.#base));
    if (progress === 'open') throw this.#fail(new ScanFault('caller.malformed_json', this.#base));
    this.wipe();
    return this.#fields.scan(objectStart, objectEnd);
  }

  /** Overwrites the bytes of input that were copied. Idempotent; the scanner reads no more after it. */
  wipe(): void {
    this.#fields.wipe();
    this.#walk.wipe();
  }

  #fail({ code, name }: ScanFault): LetheError {
    this.#failed = new LetheError(code, name === undefined ? (this.#fields.openName ?? null) : name);
    return this.#failed;
  }

  #fault(chunk: Buffer): ScanFault | undefined {
    const fault = this.#grammarFault(chunk);
    if (!this.#walk.beyondAscii && !this.#utf8.open) return fault;
    const checked = fault === undefined ? chunk : chunk.subarray(0, fault.at - this.#base);
    const at = this.#utf8.feed(checked);
    if (at < 0) return fault;
    const offset = this.#base + at;
    return new ScanFault('caller.invalid_utf8', offset, this.#fields.nameAt(offset) ?? null);
  }

  #grammarFault(chunk: Buffer): ScanFault | undefined {
    try {
      this.#walk.walk(chunk);
      return undefined;
    } catch (error) {
      if (error instanceof ScanFault) return error;
      throw error;
    }
  }
}
