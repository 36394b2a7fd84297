import { binaryMarker, binaryMarkerOf, type StringPlace } from './binary-part.js';
import type { BinaryMarker, Truncation } from './payload-document.js';
import { truncateString } from './truncate-text.js';

/** How much one element may take: JSON bytes in all, strings in all, UTF-8 bytes of each string. */
export interface ElementRoom {
  readonly bytesMax: number;
  readonly partsMax: number;
  readonly bytesMaxPerPart: number;
}

export interface ShrunkElement {
  readonly value: unknown;
  readonly bytes: number;
  readonly parts: number;
  readonly truncations: readonly Truncation[];
  /** Values left out, and whether anything at all was cut, replaced or left out. */
  readonly dropped: number;
  readonly shortened: boolean;
}

const DEPTH_MAX = 64;
const NAME_BYTES_MAX = 256;
const TRUNCATIONS_MAX = 64;
const PATH_BYTES_MAX = 128;

/**
 * A copy of one message, choice or tool as plain JSON values with long strings cut, binary content replaced by
 * markers and deep nesting left out; undefined when even that does not fit the room. Work stops where the room ends.
 */
export function shrinkElement(element: unknown, path: string, room: ElementRoom): ShrunkElement | undefined {
  const walk = new ElementWalk(room);
  const value = walk.copy(element, { name: '', parentName: '', parent: {}, path, depth: 0 });
  if (walk.isOver()) return undefined;
  const { bytes, parts, truncations, dropped, shortened } = walk;
  return { value, bytes, parts, truncations, dropped, shortened };
}

interface Place extends StringPlace {
  readonly path: string;
  readonly depth: number;
}

class ElementWalk {
  bytes = 0;
  parts = 0;
  dropped = 0;
  shortened = false;
  readonly truncations: Truncation[] = [];
  readonly #room: ElementRoom;

  constructor(room: ElementRoom) {
    this.#room = room;
  }

  isOver(): boolean {
    return this.bytes > this.#room.bytesMax || this.parts > this.#room.partsMax;
  }

  copy(value: unknown, place: Place): unknown {
    if (this.isOver()) return null;
    if (typeof value === 'string') return this.#copyString(value, place);
    if (typeof value === 'boolean' || Number.isFinite(value) || value === null) {
      this.bytes += JSON.stringify(value).length + 1;
      return value;
    }
    if (ArrayBuffer.isView(value)) return this.#mark(binaryMarker(value.byteLength, undefined), place);
    if (typeof value !== 'object' || place.depth >= DEPTH_MAX) return this.#drop();
    return Array.isArray(value) ? this.#copyArray(value, place) : this.#copyObject(value, place);
  }

  #copyString(text: string, place: Place): unknown {
    const marker = binaryMarkerOf(text, place);
    if (marker !== undefined) return this.#mark(marker, place);
    const originalBytes = Buffer.byteLength(text, 'utf8');
    const fits = originalBytes <= this.#room.bytesMaxPerPart;
    const kept = fits ? text : truncateString(text, this.#room.bytesMaxPerPart);
    if (!fits) {
      this.shortened = true;
      if (this.truncations.length < TRUNCATIONS_MAX)
        this.truncations.push({ path: place.path, originalBytes });
    }
    this.parts += 1;
    this.bytes += Buffer.byteLength(JSON.stringify(kept), 'utf8') + 1;
    return kept;
  }

  #copyArray(items: readonly unknown[], place: Place): unknown[] {
    this.bytes += 3;
    const copies: unknown[] = [];
    for (let i = 0; i < items.length && !this.isOver(); i += 1) {
      // An item stands for the field that holds the list: audio parts in a list are still audio.
      const { path, depth } = inside(place, String(i), place.parent);
      copies.push(this.copy(items[i], { ...place, path, depth }));
    }
    return copies;
  }

  #copyObject(record: object, place: Place): unknown {
    this.bytes += 3;
    const parent = record as Readonly<Record<string, unknown>>;
    const entries: [string, unknown][] = [];
    for (const name of Object.keys(parent)) {
      if (this.isOver()) break;
      const value = parent[name];
      if (value === undefined) continue;
      if (Buffer.byteLength(name, 'utf8') > NAME_BYTES_MAX || !hasJsonType(value)) {
        this.#countDrop();
        continue;
      }
      this.bytes += Buffer.byteLength(JSON.stringify(name), 'utf8') + 1;
      entries.push([name, this.copy(value, inside(place, name, parent))]);
    }
    // fromEntries defines properties; assignment would let a member named __proto__ set the prototype.
    return Object.fromEntries(entries);
  }

  #mark(marker: BinaryMarker, place: Place): unknown {
    this.shortened = true;
    return this.#copyObject(marker, place);
  }

  #drop(): null {
    this.#countDrop();
    this.bytes += 5;
    return null;
  }

  #countDrop(): void {
    this.dropped += 1;
    this.shortened = true;
  }
}

function inside(place: Place, name: string, parent: Readonly<Record<string, unknown>>): Place {
  return {
    name,
    parentName: place.name,
    parent,
    path: truncateString(`${place.path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, PATH_BYTES_MAX),
    depth: place.depth + 1,
  };
}

function hasJsonType(value: unknown): boolean {
  return !['function', 'symbol', 'bigint'].includes(typeof value);
}
