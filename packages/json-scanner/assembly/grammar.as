import { EVENTS, INPUT, STACK, STATE, escapedFieldName, eventDocument, eventDocumentEnd, eventKey, eventKeyEnd, eventValue, eventValueEnd, eventsMax, inPlain, kindArray, kindFalse, kindNull, kindNumber, kindObject, kindString, kindTrue, malformed, nestingTooDeep, notAnObject, sBeyondAscii, sDepth, sEvents, sExpect, sFault, sHighOpen, sStringIsKey, sStringState, sWithin, sWord } from './layout';
import { beginNumber, quickNumber, walkNumber } from './number';
import { fail, plainRun, shortString, walkString } from './text';

// What may come next, outside of strings, numbers and words.
const top: i32 = 0;
const firstKey: i32 = 1;
const key: i32 = 2;
const colon: i32 = 3;
const value: i32 = 4;
const firstItem: i32 = 5;
const commaOrClose: i32 = 6;
const nothing: i32 = 7;

// What the next byte belongs to.
const inStructure: i32 = 0;
const inTopKey: i32 = 1;
const inString: i32 = 2;
const inNumber: i32 = 3;
const inWord: i32 = 4;

const anObject: i32 = 1;
const anArray: i32 = 2;

let events: usize = EVENTS;

@inline
function emit(what: i32, p: usize): void {
  store<i32>(events, what);
  store<i32>(events, <i32>(p - INPUT), 4);
  events += 8;
}

/** The letters still to come of the word being read, lowest byte first; 0 when it is over. */
function walkWord(p: usize, end: usize): usize {
  let rest = load<i32>(STATE, sWord);
  while (p < end && rest != 0) {
    if (<i32>load<u8>(p) != (rest & 0xff)) {
      fail(malformed, p);
      return 0;
    }
    rest = <i32>(<u32>rest >> 8);
    p++;
  }
  store<i32>(STATE, rest, sWord);
  return rest == 0 ? p : end + 1;
}

function kindOf(c: i32): i32 {
  switch (c) {
    case 0x22:
      return kindString;
    case 0x7b:
      return kindObject;
    case 0x5b:
      return kindArray;
    case 0x74:
      return kindTrue;
    case 0x66:
      return kindFalse;
    case 0x6e:
      return kindNull;
    default:
      return c == 0x2d || <u32>(c - 0x30) < 10 ? kindNumber : -1;
  }
}

/**
 * Walks the block that lies at INPUT. Returns how many bytes of it were taken: all of them, unless a fault was met or
 * the list of events is full.
 */
export function scan(length: i32, deepest: i32): i32 {
  let p = INPUT;
  const end = INPUT + <usize>length;
  const eventsFull = EVENTS + <usize>(eventsMax - 8) * 8;
  let depth = load<i32>(STATE, sDepth);
  let expect = load<i32>(STATE, sExpect);
  let within = load<i32>(STATE, sWithin);
  let container = <i32>load<u8>(STACK + <usize>depth);
  events = EVENTS;
  store<i32>(STATE, 0, sBeyondAscii);

  while (p < end) {
    if (within == inStructure) {
      const c = <i32>load<u8>(p);
      if (c <= 0x20) {
        if (c != 0x20 && c != 0x0a && c != 0x0d && c != 0x09) {
          fail(malformed, p);
          break;
        }
        p++;
        if (p < end && <i32>load<u8>(p) <= 0x20) {
          // Indentation: all white space of the next 16 bytes at once.
          const v = v128.load(p);
          const blank = v128.or(
            v128.or(i8x16.eq(v, i8x16.splat(0x20)), i8x16.eq(v, i8x16.splat(0x0a))),
            v128.or(i8x16.eq(v, i8x16.splat(0x0d)), i8x16.eq(v, i8x16.splat(0x09))),
          );
          p += <usize>ctz<i32>(~i8x16.bitmask(blank));
          if (p > end) p = end;
        }
        continue;
      }
      if (expect == commaOrClose) {
        if (c == 0x2c) {
          expect = container == anObject ? key : value;
          p++;
          continue;
        }
        if (c != (container == anObject ? 0x7d : 0x5d)) {
          fail(malformed, p);
          break;
        }
        p++;
      } else if (expect == colon) {
        if (c != 0x3a) {
          fail(malformed, p);
          break;
        }
        expect = value;
        p++;
        continue;
      } else if ((expect == firstItem && c == 0x5d) || (expect == firstKey && c == 0x7d)) {
        p++;
      } else if (expect == key || expect == firstKey) {
        if (c != 0x22) {
          fail(malformed, p);
          break;
        }
        if (depth == 1) {
          // What one field makes of events must fit before it is begun.
          if (events >= eventsFull) break;
          emit(eventKey, p);
          within = inTopKey;
          p++;
          continue;
        }
        p++;
        const quick = shortString(p, end);
        if (quick != 0) {
          p = quick;
          expect = colon;
          if (p < end && <i32>load<u8>(p) == 0x3a) {
            p++;
            expect = value;
          }
          continue;
        }
        store<i32>(STATE, 1, sStringIsKey);
        store<i32>(STATE, inPlain, sStringState);
        within = inString;
        continue;
      } else if (expect == value || expect == firstItem) {
        const kind = kindOf(c);
        if (kind < 0) {
          fail(malformed, p);
          break;
        }
        if (depth == 1) emit(eventValue + kind, p);
        if (kind == kindString) {
          p++;
          const quick = shortString(p, end);
          if (quick != 0) {
            p = quick;
            expect = commaOrClose;
            if (depth == 1) emit(eventValueEnd, p);
            if (p < end && <i32>load<u8>(p) == 0x2c) {
              expect = container == anObject ? key : value;
              p++;
            }
            continue;
          }
          store<i32>(STATE, 0, sStringIsKey);
          store<i32>(STATE, inPlain, sStringState);
          within = inString;
        } else if (kind == kindNumber) {
          const quick = quickNumber(p, end);
          if (quick != 0) {
            p = quick;
            expect = commaOrClose;
            if (depth == 1) emit(eventValueEnd, p);
            if (p < end && <i32>load<u8>(p) == 0x2c) {
              expect = container == anObject ? key : value;
              p++;
            }
            continue;
          }
          beginNumber();
          within = inNumber;
        } else if (kind == kindObject || kind == kindArray) {
          if (depth == deepest) {
            fail(nestingTooDeep, p);
            break;
          }
          depth++;
          container = kind == kindObject ? anObject : anArray;
          store<u8>(STACK + <usize>depth, <u8>container);
          expect = kind == kindObject ? firstKey : firstItem;
          p++;
        } else {
          // "rue", "alse", "ull": the first letter told which.
          store<i32>(STATE, kind == kindTrue ? 0x657572 : kind == kindFalse ? 0x65736c61 : 0x6c6c75, sWord);
          within = inWord;
          p++;
        }
        continue;
      } else if (expect == top) {
        if (c != 0x7b) {
          const other = kindOf(c);
          fail(other >= 0 ? notAnObject : malformed, p);
          break;
        }
        if (deepest == 0) {
          fail(nestingTooDeep, p);
          break;
        }
        emit(eventDocument, p);
        depth = 1;
        container = anObject;
        store<u8>(STACK + 1, <u8>anObject);
        expect = firstKey;
        p++;
        continue;
      } else {
        fail(malformed, p);
        break;
      }
      // A container was closed by the byte before p.
      depth--;
      container = <i32>load<u8>(STACK + <usize>depth);
      if (depth == 0) {
        emit(eventDocumentEnd, p);
        expect = nothing;
        continue;
      }
    } else {
      let next: usize = 0;
      if (within == inString) next = walkString(p, end);
      else if (within == inNumber) next = walkNumber(p, end);
      else if (within == inWord) next = walkWord(p, end);
      else {
        p = plainRun(p, end);
        if (p == end) break;
        const c = <i32>load<u8>(p);
        if (c != 0x22) {
          fail(c == 0x5c ? escapedFieldName : malformed, p);
          break;
        }
        emit(eventKeyEnd, p);
        within = inStructure;
        expect = colon;
        p++;
        continue;
      }
      if (next == 0) break;
      if (next > end) {
        p = end;
        break;
      }
      p = next;
      if (within == inString && load<i32>(STATE, sStringIsKey) != 0) {
        within = inStructure;
        expect = colon;
        continue;
      }
      within = inStructure;
    }
    // A value ended before p.
    expect = commaOrClose;
    if (depth == 1) emit(eventValueEnd, p);
    if (p < end && <i32>load<u8>(p) == 0x2c) {
      expect = container == anObject ? key : value;
      p++;
    }
  }

  store<i32>(STATE, depth, sDepth);
  store<i32>(STATE, expect, sExpect);
  store<i32>(STATE, within, sWithin);
  store<i32>(STATE, <i32>((events - EVENTS) >> 3), sEvents);
  return <i32>(p - INPUT);
}
