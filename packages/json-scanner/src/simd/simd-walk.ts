import type { ErrorCode } from '@lethe/contracts';
import type { FieldSink, GrammarWalk } from '../grammar-walk.js';
import { ScanFault } from '../scan-fault.js';
import type { JsonKind } from '../types.js';
import { event, kinds, layout, word } from './layout.js';
import type { Machine, Tenant } from './machine.js';

const faults: readonly (ErrorCode | undefined)[] = [
  undefined,
  'caller.malformed_json',
  'caller.not_an_object',
  'caller.nesting_too_deep',
  'caller.lone_surrogate',
  'caller.number_out_of_range',
  'caller.escaped_field_name',
];

/** Copied per step into the machine: small enough to stay in a core's nearest cache. */
const blockBytes = 32 * 1024;
/** Numbers of `expect` before the first byte and after the last. */
const top = 0;
const nothing = 7;

/** The grammar in WebAssembly: 16 to 64 bytes at a time in strings, a state machine between them. */
export class SimdWalk implements GrammarWalk, Tenant {
  readonly #machine: Machine;
  readonly #fields: FieldSink;
  readonly #nestingMax: number;
  #state: Int32Array | undefined;
  #stack: Uint8Array | undefined;
  #base = 0;
  #expect: number = top;
  /** Where the open key goes on within the chunk; -1 outside of keys. */
  #keyFrom = -1;
  beyondAscii = false;
  objectStart = 0;
  objectEnd = 0;

  constructor(machine: Machine, fields: FieldSink, nestingMax: number) {
    this.#machine = machine;
    this.#fields = fields;
    this.#nestingMax = nestingMax;
  }

  get progress(): 'blank' | 'open' | 'whole' {
    if (this.#expect === top) return 'blank';
    return this.#expect === nothing ? 'whole' : 'open';
  }

  walk(chunk: Buffer): void {
    const machine = this.#machine;
    if (machine.moveIn(this)) this.#moveIn();
    this.beyondAscii = false;
    if (this.#keyFrom >= 0) this.#keyFrom = 0;
    for (let at = 0; at < chunk.length; ) {
      const end = Math.min(chunk.length, at + blockBytes);
      machine.load(chunk, at, end);
      const taken = machine.scan(end - at, this.#nestingMax);
      if (machine.state[word.beyondAscii] !== 0) this.beyondAscii = true;
      this.#report(chunk, at);
      const fault = faults[machine.state[word.fault] as number];
      if (fault !== undefined)
        throw new ScanFault(fault, this.#base + at + (machine.state[word.faultAt] as number));
      at += taken;
    }
    this.#expect = machine.state[word.expect] as number;
    if (this.#keyFrom >= 0 && this.#keyFrom < chunk.length)
      this.#fields.keyPart(chunk, this.#keyFrom, chunk.length);
    this.#base += chunk.length;
  }

  moveOut(): void {
    const { state, stack } = this.#machine;
    this.#state ??= new Int32Array(state.length);
    this.#state.set(state);
    this.#stack = stack.slice(0, (state[word.depth] as number) + 1);
  }

  wipe(): void {
    this.#machine.leave(this);
    this.#state?.fill(0);
    this.#stack?.fill(0);
  }

  #moveIn(): void {
    const { state, stack } = this.#machine;
    if (this.#state === undefined) state.fill(0);
    else state.set(this.#state);
    if (this.#stack !== undefined) stack.set(this.#stack);
  }

  /** Tells the sink what the block at `at` of the chunk held of the top-level object. */
  #report(chunk: Buffer, at: number): void {
    const { events, state } = this.#machine;
    const words = (state[word.events] as number) * 2;
    for (let index = 0; index < words; index += 2) {
      const what = events[index] as number;
      const place = at + (events[index + 1] as number);
      const offset = this.#base + place;
      if (what >= event.value) this.#fields.beginValue(kinds[what - event.value] as JsonKind, offset);
      else if (what === event.valueEnd) this.#fields.endValue(offset);
      else if (what === event.key) {
        this.#fields.beginKey(offset);
        this.#keyFrom = place + 1;
      } else if (what === event.keyEnd) {
        this.#fields.endKey(chunk, this.#keyFrom, place, offset);
        this.#keyFrom = -1;
      } else if (what === event.document) this.objectStart = offset;
      else this.objectEnd = offset;
    }
  }
}

/** Deepest nesting the engine has room for. */
export const simdNestingMax: number = layout.nestingMax;
