import { firstBorder, lastBorder, seamBorder } from '../meter/event-borders.js';
import { Carry } from './carry.js';
import { findEmptyChoices } from './sse-chunk.js';
import type { StreamShape } from './stream-shapes.js';

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
  /** What has been sent ends where an event does. */
  readonly atBorder: boolean;
}

const ownPiece = (buffer: Buffer): Piece[] =>
  buffer.length === 0 ? [] : [{ buffer, start: 0, end: buffer.length, own: true }];

/** Sends bytes as they come. */
export class PassThrough implements Outflow {
  readonly atBorder = false;

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
  readonly atBorder = false;
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
  readonly shape: StreamShape;
  /** Takes out the event that reports usage. */
  readonly removeUsageEvent: boolean;
  /** Keeps back the event that ends the stream, and what follows it. */
  readonly keepEnd: boolean;
}

/** Sends whole events, byte for byte, but for the one that may be taken out. Events side by side leave together. */
export class WholeEvents implements Outflow {
  readonly #isUsage: StreamShape['isUsage'];
  readonly #isEnd: StreamShape['isEnd'] | undefined;
  readonly #begun = new Carry();
  readonly #kept = new Carry();
  readonly #before = { last: -1, beforeLast: -1 };
  #keeping = false;
  /** Where bytes go once an event was too large to wait for. */
  #passing: Outflow | undefined;

  constructor({ shape, removeUsageEvent, keepEnd }: WholeEventsOptions) {
    this.#isUsage = removeUsageEvent ? shape.isUsage : undefined;
    this.#isEnd = keepEnd ? shape.isEnd : undefined;
  }

  get atBorder(): boolean {
    return this.#passing === undefined;
  }

  take(buffer: Buffer, start: number, end: number): Piece[] {
    if (this.#passing !== undefined) return this.#passing.take(buffer, start, end);
    if (start >= end) return [];
    const pieces: Piece[] = [];
    const at = this.#begun.bytes > 0 ? this.#takeBegun(buffer, start, end, pieces) : start;
    const border = lastBorder(buffer, at, end);
    const whole = border === -1 ? at : border;
    if (whole > at) this.#takeWhole(buffer, at, whole, pieces);
    if (whole < end) this.#begun.append(buffer, whole, end);
    this.#before.beforeLast = end - start > 1 ? (buffer[end - 2] as number) : this.#before.last;
    this.#before.last = buffer[end - 1] as number;
    if (this.#begun.bytes > eventBytesMax) this.#passOn(pieces);
    return pieces;
  }

  rest(): Piece[] {
    return [
      ...ownPiece(this.#kept.take()),
      ...ownPiece(this.#begun.take()),
      ...(this.#passing?.rest() ?? []),
    ];
  }

  wipe(): void {
    this.#begun.wipe();
    this.#kept.wipe();
    this.#passing?.wipe();
  }

  /** Ends the event that waits, if it ends here. Returns the offset after it. */
  #takeBegun(buffer: Buffer, start: number, end: number, pieces: Piece[]): number {
    const seam = seamBorder(this.#before, buffer, start, end);
    const border = seam === -1 ? firstBorder(buffer, start, end) : seam;
    this.#begun.append(buffer, start, border === -1 ? end : border);
    if (border === -1) return end;
    const event = this.#begun.take();
    if (this.#isSent(event)) pieces.push(...ownPiece(event));
    else event.fill(0);
    return border;
  }

  #takeWhole(buffer: Buffer, start: number, end: number, pieces: Piece[]): void {
    const stop = this.#isEnd === undefined ? end : this.#keepFromEnd(buffer, start, end);
    if (stop === start) return;
    if (this.#isUsage === undefined) pieces.push({ buffer, start, end: stop, own: false });
    else this.#pushButUsage(buffer, start, stop, pieces);
  }

  /** Keeps back from the event on that ends the stream. Returns where it begins, or `end`. */
  #keepFromEnd(buffer: Buffer, start: number, end: number): number {
    for (let at = start; at < end && !this.#keeping; ) {
      const border = firstBorder(buffer, at, end);
      const next = border === -1 ? end : border;
      this.#keeping = this.#isEnd?.(buffer.subarray(at, next)) === true;
      if (this.#keeping) {
        this.#kept.append(buffer, at, end);
        return at;
      }
      at = next;
    }
    if (!this.#keeping) return end;
    this.#kept.append(buffer, start, end);
    return start;
  }

  #pushButUsage(buffer: Buffer, start: number, end: number, pieces: Piece[]): void {
    const events = buffer.subarray(start, end);
    let from = 0;
    for (let found = findEmptyChoices(events, 0); found !== -1; ) {
      const eventStart = Math.max(0, lastBorder(events, 0, found));
      const eventEnd = firstBorder(events, found, events.length, eventStart);
      if (this.#isUsage?.(events.subarray(eventStart, eventEnd)) === true) {
        if (eventStart > from)
          pieces.push({ buffer, start: start + from, end: start + eventStart, own: false });
        from = eventEnd;
      }
      found = findEmptyChoices(events, eventEnd);
    }
    if (from < events.length) pieces.push({ buffer, start: start + from, end, own: false });
  }

  /** False for an event that is taken out or kept back. */
  #isSent(event: Buffer): boolean {
    this.#keeping ||= this.#isEnd?.(event) === true;
    if (this.#keeping) {
      this.#kept.append(event, 0, event.length);
      return false;
    }
    return this.#isUsage?.(event) !== true;
  }

  #passOn(pieces: Piece[]): void {
    this.#passing = this.#isEnd === undefined ? new PassThrough() : new KeepLast();
    pieces.push(...ownPiece(this.#kept.take()));
    const begun = this.#begun.take();
    pieces.push(...this.#passing.take(begun, 0, begun.length).map((piece) => ({ ...piece, own: true })));
    if (this.#isEnd !== undefined) begun.fill(0);
  }
}
