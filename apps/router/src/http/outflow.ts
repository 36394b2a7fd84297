import { isEndEvent, isUsageEvent } from './sse-chunk.js';
import { Carry, EventEnds } from './sse-events.js';

/** Bytes [start, end) to send. `own`: of a Buffer made here, not of the provider's read. */
export interface Piece {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
  readonly own: boolean;
}

/** What becomes of body bytes on their way to the caller. */
export interface Outflow {
  /** What may be sent now that [start, end) has come. */
  take(buffer: Buffer, start: number, end: number): Piece[];
  /** What was kept back, once the body is complete. */
  rest(): Piece[];
  /** Overwrites what is kept back. */
  wipe(): void;
}

const ownPiece = (buffer: Buffer): Piece[] =>
  buffer.length === 0 ? [] : [{ buffer, start: 0, end: buffer.length, own: true }];

/** Sends bytes as they come. */
export class PassThrough implements Outflow {
  take(buffer: Buffer, start: number, end: number): Piece[] {
    return [{ buffer, start, end, own: false }];
  }

  rest(): Piece[] {
    return [];
  }

  wipe(): void {
    // Nothing is ever kept back.
  }
}

/** Keeps the last bytes back, so that the caller cannot see the body complete before the rest is asked for. */
export class KeepLast implements Outflow {
  readonly #last = new Carry();

  take(buffer: Buffer, start: number, end: number): Piece[] {
    const before = this.#last.take();
    this.#last.append(buffer, start, end);
    return ownPiece(before);
  }

  rest(): Piece[] {
    return ownPiece(this.#last.take());
  }

  wipe(): void {
    this.#last.wipe();
  }
}

/** A single event above this is passed on in pieces, and no event after it is looked at any more. */
const eventBytesMax = 1024 * 1024;

interface WholeEventsOptions {
  /** Takes out the event that reports usage. */
  readonly removeUsageEvent: boolean;
  /** Keeps back the event that ends the stream, and what follows it. */
  readonly keepEnd: boolean;
}

/** Sends whole events, byte for byte, but for the one that may be taken out. */
export class WholeEvents implements Outflow {
  readonly #options: WholeEventsOptions;
  readonly #ends = new EventEnds();
  readonly #begun = new Carry();
  readonly #kept = new Carry();
  /** Some event may have to be found. */
  readonly #looks: boolean;
  #keeping = false;
  #passing = false;

  constructor(options: WholeEventsOptions) {
    this.#options = options;
    this.#looks = options.removeUsageEvent || options.keepEnd;
  }

  take(buffer: Buffer, start: number, end: number): Piece[] {
    if (this.#passing) return [{ buffer, start, end, own: false }];
    const pieces: Piece[] = [];
    let from = start;
    for (let at = this.#ends.next(buffer, from, end); at !== -1; at = this.#ends.next(buffer, from, end)) {
      this.#endEvent(buffer, from, at, pieces);
      from = at;
    }
    if (from < end) this.#begun.append(buffer, from, end);
    if (this.#begun.bytes > eventBytesMax) {
      this.#passing = true;
      pieces.push(...ownPiece(this.#kept.take()), ...ownPiece(this.#begun.take()));
    }
    return pieces;
  }

  rest(): Piece[] {
    return [...ownPiece(this.#kept.take()), ...ownPiece(this.#begun.take())];
  }

  wipe(): void {
    this.#begun.wipe();
    this.#kept.wipe();
  }

  #endEvent(buffer: Buffer, start: number, end: number, pieces: Piece[]): void {
    if (this.#begun.bytes === 0) {
      if (this.#looks && !this.#isSent(buffer.subarray(start, end))) return;
      const last = pieces.at(-1);
      // Events side by side leave in one write.
      if (last?.buffer === buffer && last.end === start) pieces[pieces.length - 1] = { ...last, end };
      else pieces.push({ buffer, start, end, own: false });
      return;
    }
    this.#begun.append(buffer, start, end);
    const event = this.#begun.take();
    if (this.#isSent(event)) pieces.push(...ownPiece(event));
    else event.fill(0);
  }

  /** False for an event that is taken out or kept back. */
  #isSent(event: Buffer): boolean {
    this.#keeping ||= this.#options.keepEnd && isEndEvent(event);
    if (this.#keeping) {
      this.#kept.append(event, 0, event.length);
      return false;
    }
    return !(this.#options.removeUsageEvent && isUsageEvent(event));
  }
}
