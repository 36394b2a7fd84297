import { EVENTS, INPUT, eventsMax, kindArray, kindFalse, kindNull, kindNumber, kindObject, kindString, kindTrue } from './layout';
import { equal } from './text';

// The second mode: walks one value of a document that was checked before, and tells where watched paths lead.
// What it needs of a document from one block to the next, the stack of watched containers, and the table of paths.
const SKIM: usize = 98304;
const LIVE: usize = SKIM + 256;
const TABLE: usize = SKIM + 1024;

const mMode: usize = 0;
const mDepth: usize = 4;
const mExpect: usize = 8;
const mPending: usize = 12;
const mEscapeOpen: usize = 16;
const mSawEscape: usize = 20;
const mLongKey: usize = 24;
const mDead: usize = 28;
const mInString: usize = 32;
const mEvents: usize = 36;

const inStructure: i32 = 0;
const inKey: i32 = 1;
const inString: i32 = 2;
const inWatchedString: i32 = 3;
const inScalar: i32 = 4;
const inDead: i32 = 5;
const done: i32 = 6;

const value: i32 = 0;
const after: i32 = 1;
const key: i32 = 2;
const colon: i32 = 3;

const eventStringEnd: i32 = 0xfffe;
const eventEscapedKey: i32 = 0xffff;

let events: usize = EVENTS;

@inline
function emit(what: i32, extra: i32, p: usize): void {
  store<i32>(events, what | (extra << 16));
  store<i32>(events, <i32>(p - INPUT), 4);
  events += 8;
}

// A node of the table is four words: its pattern (-1 for none), the node of its items, its first key, its count of keys.
@inline
function node(id: i32): usize {
  return TABLE + (<usize>id << 4);
}

/** The node behind a key of the node: 0 when nothing is watched there. A key is three words: place, bytes, node. */
function behind(id: i32, p: usize, bytes: i32): i32 {
  let edge = TABLE + <usize>load<i32>(node(id), 8);
  for (let left = load<i32>(node(id), 12); left > 0; left--) {
    if (load<i32>(edge, 4) == bytes) {
      const name = TABLE + <usize>load<i32>(edge);
      let same = 0;
      while (same < bytes && load<u8>(name + <usize>same) == load<u8>(p + <usize>same)) same++;
      if (same == bytes) return load<i32>(edge, 8);
    }
    edge += 12;
  }
  return 0;
}

const ODD: u64 = 0xaaaaaaaaaaaaaaaa;

/** Behind the closing quote of the string p is in, or end + 1 when the block ended first. Notes escapes. */
function skipString(p: usize, end: usize): usize {
  if (load<i32>(SKIM, mEscapeOpen) != 0) {
    store<i32>(SKIM, 0, mEscapeOpen);
    p++;
  }
  while (p < end) {
    const a = v128.load(p);
    const b = v128.load(p, 16);
    const c = v128.load(p, 32);
    const d = v128.load(p, 48);
    let quotes = equal(a, b, c, d, 0x22);
    const slashes = equal(a, b, c, d, 0x5c);
    let next: usize = 64;
    if (slashes != 0) {
      const from = (((slashes << 1) | ODD) - slashes) ^ ODD;
      const escaping = from & slashes;
      quotes &= ~(from ^ slashes);
      const first = quotes != 0 ? ctz<u64>(quotes) : 64;
      // Only what lies before the quote and within the input is of this string.
      const left = <u64>(end - p);
      const until = first < left ? first : left;
      const own = until < 64 ? slashes & (((<u64>1) << until) - 1) : slashes;
      if (own != 0) store<i32>(SKIM, 1, mSawEscape);
      if (first >= left && left <= 64 && ((escaping >>> (left - 1)) & 1) != 0) {
        store<i32>(SKIM, 1, mEscapeOpen);
        return end + 1;
      }
      if (escaping >>> 63 != 0) next = 63;
    }
    if (quotes != 0) {
      p += <usize>ctz<u64>(quotes);
      return p < end ? p + 1 : end + 1;
    }
    p += next;
  }
  return end + 1;
}

/** Behind the end of the container that nothing is watched in, or end + 1 when the block ended first. */
function skipContainer(p: usize, end: usize): usize {
  let depth = load<i32>(SKIM, mDead);
  let inside: u64 = load<i32>(SKIM, mInString) != 0 ? ~(<u64>0) : 0;
  let escape: u64 = load<i32>(SKIM, mEscapeOpen);
  while (p < end) {
    const a = v128.load(p);
    const b = v128.load(p, 16);
    const c = v128.load(p, 32);
    const d = v128.load(p, 48);
    const left = <u64>(end - p);
    const valid: u64 = left < 64 ? ((<u64>1) << left) - 1 : ~(<u64>0);
    let quotes = equal(a, b, c, d, 0x22) & valid;
    const slashes = equal(a, b, c, d, 0x5c) & valid;
    if ((slashes | escape) != 0) {
      const open = slashes & ~escape;
      const from = (((open << 1) | ODD) - open) ^ ODD;
      quotes &= ~(from ^ (slashes | escape));
      const escaping = from & slashes;
      escape = left < 64 ? (escaping >>> (left - 1)) & 1 : escaping >>> 63;
    }
    let text = quotes;
    if (text != 0) {
      text ^= text << 1;
      text ^= text << 2;
      text ^= text << 4;
      text ^= text << 8;
      text ^= text << 16;
      text ^= text << 32;
    }
    text ^= inside;
    inside = <u64>((<i64>text) >> 63);
    if (text != ~(<u64>0)) {
      const x = i8x16.splat(0x20);
      const la = v128.or(a, x);
      const lb = v128.or(b, x);
      const lc = v128.or(c, x);
      const ld = v128.or(d, x);
      const outside = ~text & valid;
      let closers = equal(la, lb, lc, ld, 0x7d) & outside;
      let openers = equal(la, lb, lc, ld, 0x7b) & outside;
      if (depth > <i32>popcnt<u64>(closers)) {
        depth += <i32>popcnt<u64>(openers) - <i32>popcnt<u64>(closers);
      } else {
        while ((closers | openers) != 0) {
          const lowest = (closers | openers) & (0 - (closers | openers));
          if ((closers & lowest) != 0) {
            if (--depth == 0) {
              store<i32>(SKIM, 0, mEscapeOpen);
              return p + <usize>ctz<u64>(lowest) + 1;
            }
            closers ^= lowest;
          } else {
            depth++;
            openers ^= lowest;
          }
        }
      }
    }
    p += 64;
  }
  store<i32>(SKIM, depth, mDead);
  store<i32>(SKIM, <i32>(inside & 1), mInString);
  store<i32>(SKIM, <i32>escape, mEscapeOpen);
  return end + 1;
}

function kindOf(c: i32): i32 {
  if (c == 0x22) return kindString;
  if (c == 0x7b) return kindObject;
  if (c == 0x5b) return kindArray;
  return c == 0x74 ? kindTrue : c == 0x66 ? kindFalse : c == 0x6e ? kindNull : kindNumber;
}

/** Begins with a value of this node; node 0 is none. */
export function begin(id: i32): void {
  memory.fill(SKIM, 0, 256);
  store<i32>(SKIM, id, mPending);
}

/**
 * Walks the block that lies at INPUT. Returns how many bytes of it were taken: less than all when the list of events is
 * full, when the value is over, and when a key has to be read from its beginning.
 */
export function skim(length: i32): i32 {
  let p = INPUT;
  const end = INPUT + <usize>length;
  const eventsFull = EVENTS + <usize>(eventsMax - 4) * 8;
  let mode = load<i32>(SKIM, mMode);
  let depth = load<i32>(SKIM, mDepth);
  let expect = load<i32>(SKIM, mExpect);
  let pending = load<i32>(SKIM, mPending);
  events = EVENTS;
  // A stack entry is two words: the node, and 1 for an object.
  let id = load<i32>(LIVE + (<usize>depth << 3));
  let isObject = load<i32>(LIVE + (<usize>depth << 3), 4);

  while (p < end && mode != done) {
    if (mode == inStructure) {
      const c = <i32>load<u8>(p);
      if (c <= 0x20) {
        p++;
        continue;
      }
      if (c == 0x5d || c == 0x7d) {
        p++;
        depth--;
        id = load<i32>(LIVE + (<usize>depth << 3));
        isObject = load<i32>(LIVE + (<usize>depth << 3), 4);
        expect = after;
        if (depth == 0) mode = done;
        continue;
      }
      if (expect == after) {
        // A comma: validity was checked before.
        p++;
        expect = isObject != 0 ? key : value;
        if (isObject == 0) pending = load<i32>(node(id), 4);
        continue;
      }
      if (expect == colon) {
        p++;
        expect = value;
        continue;
      }
      if (events >= eventsFull) break;
      if (expect == key) {
        store<i32>(SKIM, 0, mSawEscape);
        store<i32>(SKIM, 0, mLongKey);
        const next = skipString(p + 1, end);
        if (next > end) {
          store<i32>(SKIM, 0, mEscapeOpen);
          // Read again with more behind it; a key that fills the input is longer than any that is watched.
          if (p > INPUT) break;
          store<i32>(SKIM, 0, mSawEscape);
          store<i32>(SKIM, 1, mLongKey);
          mode = inKey;
          p++;
          continue;
        }
        pending = 0;
        if (load<i32>(SKIM, mSawEscape) != 0) emit(eventEscapedKey, id, p);
        else pending = behind(id, p + 1, <i32>(next - p) - 2);
        p = next;
        expect = colon;
        continue;
      }
      const kind = kindOf(c);
      const pattern = pending != 0 ? load<i32>(node(pending)) : -1;
      if (pattern >= 0) emit(pattern, kind, p);
      expect = after;
      if (kind == kindString) {
        store<i32>(SKIM, 0, mSawEscape);
        mode = pattern >= 0 ? inWatchedString : inString;
        p++;
      } else if (kind == kindObject || kind == kindArray) {
        p++;
        const item = pending != 0 ? load<i32>(node(pending), 4) : 0;
        const keys = pending != 0 ? load<i32>(node(pending), 12) : 0;
        if (kind == kindObject ? keys != 0 : item != 0) {
          depth++;
          id = pending;
          isObject = <i32>(kind == kindObject);
          store<i32>(LIVE + (<usize>depth << 3), id);
          store<i32>(LIVE + (<usize>depth << 3), isObject, 4);
          expect = isObject != 0 ? key : value;
          pending = item;
        } else {
          store<i32>(SKIM, 1, mDead);
          store<i32>(SKIM, 0, mInString);
          mode = inDead;
        }
      } else mode = inScalar;
      continue;
    }
    if (mode == inScalar) {
      while (p < end) {
        const c = <i32>load<u8>(p);
        if (c == 0x2c || c <= 0x20 || c == 0x5d || c == 0x7d) break;
        p++;
      }
      if (p == end) break;
      mode = depth == 0 ? done : inStructure;
      continue;
    }
    const next = mode == inDead ? skipContainer(p, end) : skipString(p, end);
    if (next > end) {
      p = end;
      break;
    }
    p = next;
    if (mode == inKey) {
      pending = 0;
      if (load<i32>(SKIM, mSawEscape) != 0) emit(eventEscapedKey, id, INPUT);
      expect = colon;
      mode = inStructure;
      continue;
    }
    if (mode == inWatchedString) emit(eventStringEnd, load<i32>(SKIM, mSawEscape), p);
    mode = depth == 0 ? done : inStructure;
  }

  store<i32>(SKIM, mode, mMode);
  store<i32>(SKIM, depth, mDepth);
  store<i32>(SKIM, expect, mExpect);
  store<i32>(SKIM, pending, mPending);
  store<i32>(SKIM, <i32>((events - EVENTS) >> 3), mEvents);
  return <i32>(p - INPUT);
}
