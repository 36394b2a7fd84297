import { LetheError } from '@lethe/service-kit';

const quote = 0x22;
const backslash = 0x5c;
const inPlain = 0;
const inEscape = 1;
const inHex = 2;

/** 1 for the bytes that end a run of plain string characters: the quote, the backslash and control characters. */
export const endsPlainRun = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === quote || byte === backslash ? 1 : 0,
);
const isSimpleEscape = Uint8Array.from({ length: 256 }, (_, byte) =>
  '"\\/bfnrt'.includes(String.fromCharCode(byte)) ? 1 : 0,
);

const hexDigit = (byte: number): number => {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
};

const malformed = (): never => {
  throw new LetheError('caller.malformed_json');
};

/** Walks the inside of a JSON string, over any cuts. Throws LetheError without a field name. */
export class StringWalk {
  #state = inPlain;
  #unit = 0;
  #digits = 0;
  #highOpen = false;
  /** True when the last walk() met the closing quote. */
  closed = false;

  begin(): void {
    this.#state = inPlain;
    this.closed = false;
  }

  /** Walks on from `at`; returns the offset after what belongs to the string. */
  walk(chunk: Buffer, at: number): number {
    const end = chunk.length;
    let next = at;
    while (next < end) {
      const from = next;
      if (this.#state !== inPlain) {
        this.#walkEscape(chunk[next++] as number);
        continue;
      }
      while (next < end && endsPlainRun[chunk[next] as number] === 0) next++;
      if (this.#highOpen && next > from) throw new LetheError('caller.lone_surrogate');
      if (next === end) break;
      const byte = chunk[next++] as number;
      if (byte === backslash) {
        this.#state = inEscape;
      } else if (byte === quote) {
        if (this.#highOpen) throw new LetheError('caller.lone_surrogate');
        this.closed = true;
        break;
      } else malformed();
    }
    return next;
  }

  #walkEscape(byte: number): void {
    if (this.#state === inHex) {
      this.#walkHex(byte);
    } else if (byte === 0x75) {
      this.#state = inHex;
      this.#unit = 0;
      this.#digits = 0;
    } else {
      if (isSimpleEscape[byte] === 0) malformed();
      if (this.#highOpen) throw new LetheError('caller.lone_surrogate');
      this.#state = inPlain;
    }
  }

  #walkHex(byte: number): void {
    const digit = hexDigit(byte);
    if (digit < 0) malformed();
    this.#unit = this.#unit * 16 + digit;
    if (++this.#digits < 4) return;
    this.#state = inPlain;
    const isLow = this.#unit >= 0xdc00 && this.#unit <= 0xdfff;
    if (isLow !== this.#highOpen) throw new LetheError('caller.lone_surrogate');
    this.#highOpen = this.#unit >= 0xd800 && this.#unit <= 0xdbff;
  }
}

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

/** Walks a JSON number, over any cuts. Throws LetheError without a field name. */
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

  /** Walks on from `at`; returns the offset of the first byte that is not of the number, or the end of the chunk. */
  walk(chunk: Buffer, at: number): number {
    let next = at;
    while (next < chunk.length) {
      const byte = chunk[next] as number;
      const digit = byte >= 0x30 && byte <= 0x39;
      if (!(digit ? this.#takeDigit(byte) : this.#takeMark(byte))) {
        this.#close();
        break;
      }
      next++;
      if (++this.#bytes > numberBytesMax) throw new LetheError('caller.number_out_of_range');
    }
    return next;
  }

  #takeDigit(byte: number): boolean {
    switch (this.#state) {
      case sign:
        this.#state = byte === 0x30 ? zero : whole;
        this.#wholeDigits = 1;
        return true;
      case zero:
        return malformed();
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

  #close(): void {
    const state = this.#state;
    if (state !== zero && state !== whole && state !== fraction && state !== exponentDigits) malformed();
    const tens = this.#exponentNegative ? -this.#exponent : this.#exponent;
    if (this.#wholeDigits - 1 + tens >= exponentMax || tens < -400) {
      throw new LetheError('caller.number_out_of_range');
    }
    this.closed = true;
  }
}
