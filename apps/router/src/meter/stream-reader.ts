import { countContent } from './content-events.js';
import type { Known, MeteredDialect } from './dialects.js';
import { DocumentReader } from './document-reader.js';
import { firstBorder, lastBorder, seamBorder } from './event-borders.js';
import { EventReader } from './event-reader.js';
import { learn, nothingKnown } from './known.js';
import { Tail, tailBytesMax } from './tail.js';

/** How many events of the tail are walked at most. */
const walkedMax = 16;
/** Among so many events at its beginning a stream may count its input. */
const startEventsMax = 4;
const nameField = Buffer.from('event: ');
const nameBytesMax = 64;

/**
 * Reads what a stream of server-sent events says of itself. Work is done for each read, not for each event: the last
 * bytes are copied, and only the events in them are walked in the end; those too large for that as they pass.
 */
export class StreamReader {
  readonly #dialect: MeteredDialect;
  readonly #document: DocumentReader;
  readonly #event: EventReader;
  readonly #tail = new Tail();
  /** From events that are no longer in the tail. */
  #known: Known = nothingKnown;
  /** Bytes at the end of the tail that are of an event not yet ended. */
  #openBytes = 0;
  #startEvents = 0;
  /** An event too large for the tail is passing: walked, or only looked for its end. */
  #passing: 'walked' | 'unread' | undefined;
  readonly #before = { last: -1, beforeLast: -1 };
  contentEvents = 0;

  constructor(dialect: MeteredDialect) {
    this.#dialect = dialect;
    this.#document = new DocumentReader(dialect.root);
    this.#event = new EventReader(this.#document);
    if (!dialect.countsAtStart) this.#startEvents = startEventsMax;
  }

  /** Sees bytes [start, end) of the stream. */
  read(buffer: Buffer, start: number, end: number): void {
    if (start >= end) return;
    let at = start;
    if (this.#passing !== undefined) at = this.#readPassing(buffer, at, end);
    else if (this.#openBytes > 0) at = this.#readOpen(buffer, at, end);
    if (at < end) {
      const border = lastBorder(buffer, at, end);
      const whole = border === -1 ? at : border;
      if (whole > at) this.#takeWhole(buffer, at, whole);
      if (whole < end) this.#takeOpen(buffer, whole, end);
    }
    this.#before.beforeLast = end - start > 1 ? (buffer[end - 2] as number) : this.#before.last;
    this.#before.last = buffer[end - 1] as number;
  }

  /** What is known so far. */
  known(): Known {
    if (this.#tail.bytes === 0) return this.#known;
    const { buffer, bytes } = this.#tail;
    const found: Known[] = [];
    let end = bytes;
    let start = bytes - this.#openBytes;
    for (let walked = 0; walked < walkedMax; walked++) {
      if (start < end) {
        const known = this.#walk(buffer, start, end);
        found.push(known);
        if (known.isFinal && known.finishReason !== 'unspecified') break;
        if (
          found.some((later) => later.isFinal) &&
          found.some((later) => later.finishReason !== 'unspecified')
        )
          break;
      }
      if (start === 0) break;
      end = start;
      const border = lastBorder(buffer, 0, end - 1);
      if (border === -1 && !this.#tail.isWhole) break;
      start = Math.max(0, border);
    }
    return found.reduceRight((known, later) => learn(this.#dialect, known, later), this.#known);
  }

  wipe(): void {
    this.#tail.wipe();
    this.#document.wipe();
    this.#openBytes = 0;
  }

  #walk(buffer: Buffer, start: number, end: number): Known {
    this.#event.begin();
    this.#event.read(buffer, start, end);
    return this.#walked();
  }

  #walked(): Known {
    const known = this.#dialect.know(this.#document.noted);
    return this.#event.isEndMark ? { ...known, hasEnded: true } : known;
  }

  /** Takes what the tail says into what is known, and begins a new one. */
  #settle(): void {
    this.#known = this.known();
    this.#tail.clear(true);
    this.#openBytes = 0;
  }

  #takeWhole(buffer: Buffer, start: number, end: number): void {
    this.contentEvents += countContent(buffer, start, end, this.#dialect.content);
    if (this.#startEvents < startEventsMax) this.#readStart(buffer, start, end);
    if (end - start <= tailBytesMax) {
      this.#tail.append(buffer, start, end);
      return;
    }
    // The event that the tail would begin within is left out, but not when it is one of the large ones.
    const cut = end - tailBytesMax;
    const eventEnd = firstBorder(buffer, cut, end, start);
    const eventStart = Math.max(start, lastBorder(buffer, start, cut));
    if (eventEnd - eventStart > tailBytesMax) {
      this.#settle();
      this.#known = learn(this.#dialect, this.#known, this.#walk(buffer, eventStart, eventEnd));
    }
    this.#tail.clear(true);
    this.#tail.append(buffer, eventEnd, end);
  }

  #readStart(buffer: Buffer, start: number, end: number): void {
    for (let at = start; at < end && this.#startEvents < startEventsMax; this.#startEvents++) {
      const border = firstBorder(buffer, at, end);
      if (border === -1) return;
      this.#known = learn(this.#dialect, this.#known, this.#walk(buffer, at, border));
      if (this.#known.counts.input !== undefined) this.#startEvents = startEventsMax;
      at = border;
    }
  }

  #takeOpen(buffer: Buffer, start: number, end: number): void {
    if (end - start > tailBytesMax) {
      this.#settle();
      this.#pass(buffer, start, end);
      return;
    }
    this.#tail.append(buffer, start, end);
    this.#openBytes = end - start;
  }

  /** Goes on with the event at the end of the tail. Returns the offset after it, or `end` when it goes on. */
  #readOpen(buffer: Buffer, start: number, end: number): number {
    const seam = seamBorder(this.#before, buffer, start, end);
    const border = seam === -1 ? firstBorder(buffer, start, end) : seam;
    const stop = border === -1 ? end : border;
    if (this.#openBytes + stop - start > tailBytesMax) {
      // Together they hold the name of the event.
      const named = Math.min(stop, start + nameBytesMax);
      this.#tail.append(buffer, start, named);
      const { bytes } = this.#tail;
      const opened = bytes - this.#openBytes - (named - start);
      this.#tail.bytes = opened;
      this.#openBytes = 0;
      this.#settle();
      this.#pass(this.#tail.buffer, opened, bytes);
      if (this.#passing === 'walked') this.#event.read(buffer, named, stop);
      if (border !== -1) this.#passed();
      return stop;
    }
    this.#tail.append(buffer, start, stop);
    this.#openBytes += stop - start;
    if (border !== -1) this.#endOpen();
    return stop;
  }

  #endOpen(): void {
    const { buffer, bytes } = this.#tail;
    const start = bytes - this.#openBytes;
    this.#openBytes = 0;
    this.contentEvents += countContent(buffer, start, bytes, this.#dialect.content);
    if (this.#startEvents < startEventsMax) this.#readStart(buffer, start, bytes);
  }

  /** A large event begins with [start, end). */
  #pass(buffer: Buffer, start: number, end: number): void {
    this.#passing = this.#isWorthWalking(buffer, start, end) ? 'walked' : 'unread';
    if (this.#passing === 'unread') return;
    this.#event.begin();
    this.#event.read(buffer, start, end);
  }

  #isWorthWalking(buffer: Buffer, start: number, end: number): boolean {
    const { eventNames } = this.#dialect;
    const at = start + nameField.length;
    if (
      eventNames === undefined ||
      end < at ||
      buffer.compare(nameField, 0, nameField.length, start, at) !== 0
    )
      return true;
    return eventNames.some(
      (name) => end >= at + name.length && buffer.compare(name, 0, name.length, at, at + name.length) === 0,
    );
  }

  #readPassing(buffer: Buffer, start: number, end: number): number {
    const seam = seamBorder(this.#before, buffer, start, end);
    const border = seam === -1 ? firstBorder(buffer, start, end) : seam;
    const stop = border === -1 ? end : border;
    if (this.#passing === 'walked') this.#event.read(buffer, start, stop);
    if (border !== -1) this.#passed();
    return stop;
  }

  #passed(): void {
    this.contentEvents++;
    if (this.#passing === 'walked') this.#known = learn(this.#dialect, this.#known, this.#walked());
    this.#passing = undefined;
    this.#startEvents++;
  }
}
