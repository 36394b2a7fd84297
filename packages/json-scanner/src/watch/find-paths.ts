import { machine } from '../engine.js';
import type { Watch } from './compile-paths.js';
import { Hits, type PathHit } from './hits.js';
import { scalarSkim } from './scalar-skim.js';
import { simdSkim } from './simd-skim.js';
import { ByteSpan } from './span.js';

/** One top-level field of a document that was checked: a TopLevelField with a name. */
export interface WatchedField {
  readonly name: string;
  readonly valueStart: number;
  readonly valueEnd: number;
}

export type Skim = (watch: Watch, node: number, span: ByteSpan, hits: Hits) => void;

const skimHere: Skim = machine === undefined ? scalarSkim : simdSkim(machine);

/** Most places told of one field, unless the caller says otherwise. */
const hitsMaxDefault = 65_536;

/**
 * Every place in one field of a checked document that a watched path leads to, in order, keys given twice included, and
 * every key with an escape where a path might go on. Throws LetheError invalid_value, naming the field, beyond hitsMax.
 */
export const findPaths = (
  watch: Watch,
  chunks: readonly Buffer[],
  field: WatchedField,
  { hitsMax = hitsMaxDefault, skim = skimHere }: { readonly hitsMax?: number; readonly skim?: Skim } = {},
): readonly PathHit[] => {
  const node = watch.fields.get(field.name);
  if (node === undefined) return [];
  const span = new ByteSpan(chunks, field.valueStart, field.valueEnd);
  const hits = new Hits(field.name, span, hitsMax);
  skim(watch, node, span, hits);
  return hits.list;
};
