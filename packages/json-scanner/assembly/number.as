import { STATE, malformed, numberOutOfRange, sExponent, sExponentNegative, sNumberBytes, sNumberState, sWholeDigits } from './layout';
import { fail } from './text';

const bytesMax: i32 = 128;
const exponentMax: i32 = 308;

const sign: i32 = 0;
const zero: i32 = 1;
const whole: i32 = 2;
const point: i32 = 3;
const fraction: i32 = 4;
const exponent: i32 = 5;
const exponentSign: i32 = 6;
const exponentDigits: i32 = 7;

export function beginNumber(): void {
  store<i32>(STATE, sign, sNumberState);
  store<i32>(STATE, 0, sNumberBytes);
  store<i32>(STATE, 0, sWholeDigits);
  store<i32>(STATE, 0, sExponent);
  store<i32>(STATE, 0, sExponentNegative);
}

function mayEnd(state: i32, p: usize, wholeDigits: i32): bool {
  if (state != zero && state != whole && state != fraction && state != exponentDigits) {
    fail(malformed, p);
    return false;
  }
  const size = load<i32>(STATE, sExponent);
  const tens = load<i32>(STATE, sExponentNegative) != 0 ? -size : size;
  if (wholeDigits - 1 + tens >= exponentMax || tens < -400) {
    fail(numberOutOfRange, p);
    return false;
  }
  return true;
}

/** Walks on inside a number: the place of the first byte behind it, 0 on a fault, or end + 1 when the block ended first. */
export function walkNumber(p: usize, end: usize): usize {
  let state = load<i32>(STATE, sNumberState);
  let bytes = load<i32>(STATE, sNumberBytes);
  let wholeDigits = load<i32>(STATE, sWholeDigits);
  while (p < end) {
    const c = <i32>load<u8>(p);
    const digit = c - 0x30;
    if (<u32>digit < 10) {
      if (state == whole) wholeDigits++;
      else if (state == fraction) {
      } else if (state == sign) {
        state = digit == 0 ? zero : whole;
        wholeDigits = 1;
      } else if (state == point) state = fraction;
      else if (state == zero) {
        fail(malformed, p);
        return 0;
      } else {
        state = exponentDigits;
        const size = load<i32>(STATE, sExponent) * 10 + digit;
        store<i32>(STATE, size < 9999 ? size : 9999, sExponent);
      }
    } else if (c == 0x2e && (state == zero || state == whole)) state = point;
    else if ((c | 0x20) == 0x65 && (state == zero || state == whole || state == fraction)) state = exponent;
    else if (c == 0x2d && state == sign && bytes == 0) {
    } else if ((c == 0x2b || c == 0x2d) && state == exponent) {
      state = exponentSign;
      store<i32>(STATE, <i32>(c == 0x2d), sExponentNegative);
    } else return mayEnd(state, p, wholeDigits) ? p : 0;
    if (++bytes > bytesMax) {
      fail(numberOutOfRange, p);
      return 0;
    }
    p++;
  }
  store<i32>(STATE, state, sNumberState);
  store<i32>(STATE, bytes, sNumberBytes);
  store<i32>(STATE, wholeDigits, sWholeDigits);
  return end + 1;
}

/** How many of the 16 bytes at p are digits, before the first that is none. */
@inline
function digitsAt(p: usize): i32 {
  const ofDigits = i8x16.le_u(i8x16.sub(v128.load(p), i8x16.splat(0x30)), i8x16.splat(9));
  return ctz<i32>(~i8x16.bitmask(ofDigits));
}

/** The place behind a short number that lies whole in the block, without an exponent; 0 for what needs the long way. */
export function quickNumber(p: usize, end: usize): usize {
  if (<i32>load<u8>(p) == 0x2d) p++;
  let digits = digitsAt(p);
  if (digits == 0 || digits == 16 || (digits > 1 && <i32>load<u8>(p) == 0x30)) return 0;
  p += digits;
  if (p < end && <i32>load<u8>(p) == 0x2e) {
    digits = digitsAt(p + 1);
    if (digits == 0 || digits == 16) return 0;
    p += 1 + digits;
  }
  if (p >= end) return 0;
  return (<i32>load<u8>(p) | 0x20) == 0x65 ? 0 : p;
}
