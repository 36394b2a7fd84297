import { INPUT, STATE, inEscape, inHex, inPlain, loneSurrogate, malformed, sBeyondAscii, sDigits, sFault, sFaultAt, sHighOpen, sStringState, sUnit } from './layout';

@inline
export function fail(code: i32, at: usize): void {
  store<i32>(STATE, code, sFault);
  store<i32>(STATE, <i32>(at - INPUT), sFaultAt);
}

@inline
function special(v: v128): v128 {
  return v128.or(
    v128.or(i8x16.eq(v, i8x16.splat(0x22)), i8x16.eq(v, i8x16.splat(0x5c))),
    i8x16.le_u(v, i8x16.splat(0x1f)),
  );
}

/** The first quote, backslash or control character from p on, or end. Notes whether it passed bytes beyond ASCII. */
export function plainRun(p: usize, end: usize): usize {
  while (p < end) {
    const v = v128.load(p);
    if (i8x16.bitmask(v) != 0) store<i32>(STATE, 1, sBeyondAscii);
    const found = i8x16.bitmask(special(v));
    if (found != 0) {
      p += <usize>ctz<i32>(found);
      return p < end ? p : end;
    }
    p += 16;
  }
  return end;
}

/** The place behind a string of less than 16 bytes without escapes whose first byte is at p; 0 for any other one. */
@inline
export function shortString(p: usize, end: usize): usize {
  const v = v128.load(p);
  const found = i8x16.bitmask(special(v));
  if (found == 0) return 0;
  const q = p + <usize>ctz<i32>(found);
  if (q >= end || <i32>load<u8>(q) != 0x22) return 0;
  if (i8x16.bitmask(v) != 0) store<i32>(STATE, 1, sBeyondAscii);
  return q + 1;
}

@inline
export function bits(a: v128, b: v128, c: v128, d: v128): u64 {
  return (
    <u64>(<u32>(i8x16.bitmask(a) | (i8x16.bitmask(b) << 16))) |
    (<u64>(<u32>(i8x16.bitmask(c) | (i8x16.bitmask(d) << 16))) << 32)
  );
}

@inline
export function equal(a: v128, b: v128, c: v128, d: v128, byte: u8): u64 {
  const x = i8x16.splat(<i8>byte);
  return bits(i8x16.eq(a, x), i8x16.eq(b, x), i8x16.eq(c, x), i8x16.eq(d, x));
}

/**
 * Not zero for each byte that may stand behind a backslash, but for u: looked up by its two halves, with a bit for each
 * upper one (22 2f, 62 66 6e, 5c, 72 74).
 */
@inline
function letters(v: v128): v128 {
  const low = i8x16.swizzle(i8x16(0, 0, 0x0b, 0, 8, 0, 2, 0, 0, 0, 0, 0, 4, 0, 2, 1), v128.and(v, i8x16.splat(0x0f)));
  const high = i8x16.swizzle(i8x16(0, 0, 1, 0, 0, 4, 2, 8, 0, 0, 0, 0, 0, 0, 0, 0), i8x16.shr_u(v, 4));
  return v128.and(low, high);
}

const ODD: u64 = 0xaaaaaaaaaaaaaaaa;

/**
 * From a place inside a string that is not in an escape: the first byte that needs a closer look, or end. That is a
 * closing quote, a control character, or the backslash of an escape that is not a letter's or not whole in the block.
 */
function run(p: usize, end: usize): usize {
  let seen = i8x16.splat(0);
  while (p < end) {
    const a = v128.load(p);
    const b = v128.load(p, 16);
    const c = v128.load(p, 32);
    const d = v128.load(p, 48);
    seen = v128.or(seen, v128.or(v128.or(a, b), v128.or(c, d)));
    const fa = special(a);
    const fb = special(b);
    const fc = special(c);
    const fd = special(d);
    if (!v128.any_true(v128.or(v128.or(fa, fb), v128.or(fc, fd)))) {
      p += 64;
      continue;
    }
    const slashes = equal(a, b, c, d, 0x5c);
    let stop = bits(fa, fb, fc, fd);
    let next: usize = 64;
    if (slashes != 0) {
      // Which backslashes escape the byte behind them: the odd ones of each row, found by a subtraction's carries.
      const behind = (((slashes << 1) | ODD) - slashes) ^ ODD;
      const escaped = behind ^ slashes;
      const escaping = behind & slashes;
      const none = i8x16.splat(0);
      const odd =
        escaped &
        bits(i8x16.eq(letters(a), none), i8x16.eq(letters(b), none), i8x16.eq(letters(c), none), i8x16.eq(letters(d), none));
      stop = (stop & ~slashes & ~escaped) | (odd >> 1);
      if (escaping >>> 63 != 0) next = 63;
      // The last byte of the input cannot be judged with what lies behind it.
      if (end - p <= 64) {
        const last = end - p - 1;
        if (((escaping >>> last) & 1) != 0) stop |= (<u64>1) << last;
      }
    }
    if (stop != 0) {
      p += <usize>ctz<u64>(stop);
      break;
    }
    p += next;
  }
  if (i8x16.bitmask(seen) != 0) store<i32>(STATE, 1, sBeyondAscii);
  return p < end ? p : end;
}

@inline
function isSimpleEscape(c: i32): bool {
  // " \ / b f n r t
  return c == 0x6e || c == 0x22 || c == 0x5c || c == 0x2f || c == 0x74 || c == 0x72 || c == 0x62 || c == 0x66;
}

@inline
function hexDigit(c: i32): i32 {
  if (<u32>(c - 0x30) < 10) return c - 0x30;
  const lower = (c | 0x20) - 0x61;
  return <u32>lower < 6 ? lower + 10 : -1;
}

/** One byte of an escape. False when it is a fault. */
function walkEscape(p: usize): bool {
  const c = <i32>load<u8>(p);
  if (load<i32>(STATE, sStringState) == inEscape) {
    if (c == 0x75) {
      store<i32>(STATE, inHex, sStringState);
      store<i32>(STATE, 0, sUnit);
      store<i32>(STATE, 0, sDigits);
      return true;
    }
    if (!isSimpleEscape(c)) {
      fail(malformed, p);
      return false;
    }
    if (load<i32>(STATE, sHighOpen) != 0) {
      fail(loneSurrogate, p);
      return false;
    }
    store<i32>(STATE, inPlain, sStringState);
    return true;
  }
  const digit = hexDigit(c);
  if (digit < 0) {
    fail(malformed, p);
    return false;
  }
  const unit = load<i32>(STATE, sUnit) * 16 + digit;
  const digits = load<i32>(STATE, sDigits) + 1;
  store<i32>(STATE, unit, sUnit);
  store<i32>(STATE, digits, sDigits);
  if (digits < 4) return true;
  store<i32>(STATE, inPlain, sStringState);
  const isLow = (unit & 0xfc00) == 0xdc00;
  if (isLow != (load<i32>(STATE, sHighOpen) != 0)) {
    fail(loneSurrogate, p);
    return false;
  }
  store<i32>(STATE, <i32>((unit & 0xfc00) == 0xd800), sHighOpen);
  return true;
}

/** 0 to 15 for the digits, with a bit of 0xf0 for every other byte. */
const HEX = memory.data<u8>([
  255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,
  255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,0,1,2,3,4,5,6,7,8,9,255,255,255,255,255,255,
  255,10,11,12,13,14,15,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,
  255,10,11,12,13,14,15,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,
  255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,
  255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,
  255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,
  255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,255,
]);

/** The code unit of the escape of six bytes at p, or -1 when it is none. */
@inline
function unitAt(p: usize): i32 {
  if (load<u16>(p) != 0x755c) return -1;
  const a = <i32>load<u8>(HEX + <usize>load<u8>(p, 2));
  const b = <i32>load<u8>(HEX + <usize>load<u8>(p, 3));
  const c = <i32>load<u8>(HEX + <usize>load<u8>(p, 4));
  const d = <i32>load<u8>(HEX + <usize>load<u8>(p, 5));
  return ((a | b | c | d) & 0xf0) != 0 ? -1 : (a << 12) | (b << 8) | (c << 4) | d;
}

/** Passes whole, valid escapes of six bytes. What is left at the place returned is anything else. */
function unitRun(p: usize, end: usize): usize {
  while (p + 6 <= end) {
    const unit = unitAt(p);
    if (unit < 0) break;
    if ((unit & 0xf800) == 0xd800) {
      if (unit >= 0xdc00 || p + 12 > end || (unitAt(p + 6) & 0xfc00) != 0xdc00) break;
      p += 6;
    }
    p += 6;
  }
  return p;
}

/** Walks on inside a string: the place behind its closing quote, 0 on a fault, or end + 1 when the block ended first. */
export function walkString(p: usize, end: usize): usize {
  while (p < end) {
    if (load<i32>(STATE, sStringState) != inPlain) {
      if (!walkEscape(p)) return 0;
      p++;
      continue;
    }
    if (load<i32>(STATE, sHighOpen) != 0) {
      // Behind the first half of a pair nothing may come but a backslash.
      const c = <i32>load<u8>(p);
      if (c == 0x5c) {
        store<i32>(STATE, inEscape, sStringState);
        p++;
        continue;
      }
      fail(c < 0x20 ? malformed : loneSurrogate, p);
      return 0;
    }
    p = run(p, end);
    if (p == end) break;
    const c = <i32>load<u8>(p);
    if (c == 0x22) return p + 1;
    if (c != 0x5c) {
      fail(malformed, p);
      return 0;
    }
    const next = unitRun(p, end);
    if (next == p) {
      store<i32>(STATE, inEscape, sStringState);
      p++;
    } else p = next;
  }
  return end + 1;
}
