import { ScanFault } from '../scan-fault.js';

/** Longest number literal and largest decimal exponent: beyond them parsers disagree or overflow. */
const numberBytesMax = 128;
const exponentMax = 308;

const sign = 0;
const zero = 1;
const whole = 2;
const point = 3;
const fraction = 4;
const exponent = 5;
const exponentSign = 6;
const exponentDigits = 7;

/** Walks a JSON number, over any cuts. `base` is the offset of the chunk in the document. */
export class NumberWalk {
  #state = sign;
  #bytes = 0;
  #wholeDigits = 0;
  #exponent = 0;
  #exponentNegative = false;
  /** True when the last walk() met the byte after the number. */
  closed = false;

  begin(): void {
    this.#state = sign;
    this.#bytes = 0;
    this.#wholeDigits = 0;
    this.#exponent = 0;
    this.#exponentNegative = false;
    this.closed = false;
  }

  /** Walks on from `at`; returns the offset of the first byte that is not of the number, or the end of the chunk. Throws ScanFault. */
  walk(chunk: Buffer, at: number, base: number): number {
    let next = at;
    while (next < chunk.length) {
      const byte = chunk[next] as number;
      const digit = byte >= 0x30 && byte <= 0x39;
      if (!(digit ? this.#takeDigit(byte, base + next) : this.#takeMark(byte))) {
        this.#close(base + next);
        break;
      }
      if (++this.#bytes > numberBytesMax) throw new ScanFault('caller.number_out_of_range', base + next);
      next++;
    }
    return next;
  }

  #takeDigit(byte: number, offset: number): boolean {
    switch (this.#state) {
      case sign:
        this.#state = byte === 0x30 ? zero : whole;
        this.#wholeDigits = 1;
        return true;
      case zero:
        throw new ScanFault('caller.malformed_json', offset);
      case whole:
        this.#wholeDigits++;
        return true;
      case point:
      case fraction:
        this.#state = fraction;
        return true;
      default:
        this.#state = exponentDigits;
        this.#exponent = Math.min(9_999, this.#exponent * 10 + byte - 0x30);
        return true;
    }
  }

  /** A byte that is no digit: true when it continues the number. */
  #takeMark(byte: number): boolean {
    const state = this.#state;
    if (byte === 0x2d && state === sign && this.#bytes === 0) return true;
    if (byte === 0x2e && (state === zero || state === whole)) {
      this.#state = point;
      return true;
    }
    if ((byte | 0x20) === 0x65 && (state === zero || state === whole || state === fraction)) {
      this.#state = exponent;
      return true;
    }
    if ((byte === 0x2b || byte === 0x2d) && state === exponent) {
      this.#state = exponentSign;
      this.#exponentNegative = byte === 0x2d;
      return true;
    }
    return false;
  }

  #close(offset: number): void {
    const state = this.#state;
    if (state !== zero && state !== whole && state !== fraction && state !== exponentDigits)
      throw new ScanFault('caller.malformed_json', offset);
    const tens = this.#exponentNegative ? -this.#exponent : this.#exponent;
    if (this.#wholeDigits - 1 + tens >= exponentMax || tens < -400) {
      throw new ScanFault('caller.number_out_of_range', offset);
    }
    this.closed = true;
  }
}
