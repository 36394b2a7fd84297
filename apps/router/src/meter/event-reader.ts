import type { DocumentReader } from './document-reader.js';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const field = Buffer.from('data:');
const endMark = Buffer.from('[DONE]');

const inField = 0;
const beforeData = 1;
const inData = 2;
const inEndMark = 3;
const inOther = 4;

/** Reads one server-sent event after the other, over any cuts: its data lines are one document. */
export class EventReader {
  readonly #document: DocumentReader;
  #state: number = inField;
  #matched = 0;
  /** The event is `data: [DONE]`. */
  isEndMark = false;

  constructor(document: DocumentReader) {
    this.#document = document;
  }

  /** A new event begins. */
  begin(): void {
    this.#document.begin();
    this.isEndMark = false;
    this.#beginLine();
  }

  read(buffer: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (this.#state === inData || this.#state === inOther) at = this.#readToLineEnd(buffer, at, end);
      else this.#takeByte(buffer, at++);
    }
  }

  #readToLineEnd(buffer: Buffer, start: number, end: number): number {
    const found = buffer.indexOf(lineFeed, start);
    const stop = found === -1 || found >= end ? end : found;
    if (this.#state === inData) this.#document.read(buffer, start, stop);
    if (stop === end) return end;
    this.#beginLine();
    return stop + 1;
  }

  #beginLine(): void {
    this.#state = inField;
    this.#matched = 0;
  }

  #takeByte(buffer: Buffer, at: number): void {
    const byte = buffer[at] as number;
    if (this.#state === inEndMark) this.#takeEndMark(byte);
    else if (this.#state === beforeData) this.#beginData(buffer, at, byte);
    else if (byte === field[this.#matched]) {
      if (++this.#matched === field.length) this.#state = beforeData;
    } else if (byte === lineFeed) this.#beginLine();
    else if (byte !== carriageReturn || this.#matched > 0) this.#state = inOther;
  }

  #beginData(buffer: Buffer, at: number, byte: number): void {
    if (byte === 0x20 || byte === carriageReturn) return;
    if (byte === lineFeed) {
      this.#beginLine();
      return;
    }
    // Data lines of one event are one document; one that has ended makes room for the next.
    if (this.#document.complete) this.#document.begin();
    if (byte === endMark[0] && !this.#document.open) {
      this.#state = inEndMark;
      this.#matched = 1;
      return;
    }
    this.#state = inData;
    this.#document.read(buffer, at, at + 1);
  }

  #takeEndMark(byte: number): void {
    if (byte === endMark[this.#matched]) {
      if (++this.#matched < endMark.length) return;
      this.isEndMark = true;
      this.#state = inOther;
    } else if (byte === lineFeed) this.#beginLine();
    else this.#state = inOther;
  }
}
