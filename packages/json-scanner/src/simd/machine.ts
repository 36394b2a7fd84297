import { scannerWasm } from '../gen/scanner-wasm.js';
import { layout } from './layout.js';

/** What the compiled engine exports. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  /** Walks the block in the input area; returns the bytes taken. */
  scan(bytes: number, nestingMax: number): number;
  /** Makes the second mode begin, at a node of the table. */
  begin(node: number): void;
  /** Walks the block in the input area in the second mode; returns the bytes taken. */
  skim(bytes: number): number;
}

/** The part of the global `WebAssembly` used here; Node's types do not declare it. */
interface WebAssemblyLike {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
}

/** A document whose state the machine holds, until another one takes its place. */
export interface Tenant {
  /** Told to copy its state out, before it is overwritten. */
  moveOut(): void;
}

/**
 * The compiled engine with its one fixed memory, shared by all documents of a process: each has the input area for the
 * time of one call, and leaves its state in the machine until another document needs it.
 */
export class Machine {
  readonly scan: Exports['scan'];
  readonly begin: Exports['begin'];
  readonly skim: Exports['skim'];
  readonly state: Int32Array;
  readonly stack: Uint8Array;
  readonly events: Int32Array;
  readonly #skimEvents: Int32Array;
  readonly #table: Uint8Array;
  readonly #input: Buffer;
  #tableLoaded: Uint8Array | undefined;
  #inputUsed = 0;
  #tenant: Tenant | undefined;

  constructor(exports: Exports) {
    const { buffer } = exports.memory;
    this.scan = exports.scan;
    this.begin = exports.begin;
    this.skim = exports.skim;
    this.state = new Int32Array(buffer, layout.state, layout.stateBytes / 4);
    this.stack = new Uint8Array(buffer, layout.stack, layout.nestingMax + 1);
    this.events = new Int32Array(buffer, layout.events, layout.eventsMax * 2);
    this.#skimEvents = new Int32Array(buffer, layout.skimEvents, 1);
    this.#table = new Uint8Array(buffer, layout.table, layout.tableMax);
    this.#input = Buffer.from(buffer, layout.input, layout.inputMax);
  }

  /** True when the tenant's state has to be put in first. */
  moveIn(tenant: Tenant): boolean {
    if (this.#tenant === tenant) return false;
    this.#tenant?.moveOut();
    this.#tenant = tenant;
    return true;
  }

  /** Copies [start, end) of a chunk into the input area. */
  load(chunk: Buffer, start: number, end: number): void {
    if (end - start > this.#inputUsed) this.#inputUsed = end - start;
    if (end - start === chunk.length) this.#input.set(chunk);
    else chunk.copy(this.#input, 0, start, end);
  }

  /** The input area, to be filled up to `bytes` by the caller. */
  input(bytes: number): Buffer {
    if (bytes > this.#inputUsed) this.#inputUsed = bytes;
    return this.#input;
  }

  /** How many events the last block had in the second mode. */
  get skimEvents(): number {
    return this.#skimEvents[0] as number;
  }

  /** Puts in the table of watched paths, unless it is there. Throws RangeError when it has no room. */
  loadTable(table: Uint8Array): void {
    if (this.#tableLoaded === table) return;
    this.#table.set(table);
    this.#tableLoaded = table;
  }

  /** Overwrites all input that was ever loaded. */
  clearInput(): void {
    if (this.#inputUsed === 0) return;
    this.#input.fill(0, 0, this.#inputUsed);
    this.#inputUsed = 0;
  }

  /** Overwrites all input that was ever loaded, and the state of the tenant when it is this one. */
  leave(tenant: Tenant): void {
    this.clearInput();
    if (this.#tenant !== tenant) return;
    this.#tenant = undefined;
    this.state.fill(0);
  }
}

/** Compiles the engine. Throws where WebAssembly or its vectors are missing. */
export const openMachine = (code: Uint8Array = Buffer.from(scannerWasm, 'base64')): Machine => {
  const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyLike };
  const instance = new WebAssembly.Instance(new WebAssembly.Module(code));
  return new Machine(instance.exports as Exports);
};
