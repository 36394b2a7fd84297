import { compilePaths, findPaths, type PathHit, type Watch } from '@lethe/json-scanner';
import { LetheError } from '@lethe/service-kit';
import type { RequestBody } from '../http/types.js';
import type { Face, WatchedPlace } from './face.js';

/** A face's watched places made ready: once per process, not per request. */
interface Watching {
  readonly watch: Watch;
  readonly fields: ReadonlySet<string>;
  readonly places: ReadonlyMap<string, WatchedPlace>;
  /** Members of which an element needs one, by their path. */
  readonly needed: ReadonlySet<string>;
}

const membersOf = ({ path, needsOneOf = [] }: WatchedPlace): string[] =>
  needsOneOf.map((member) => `${path}.${member}`);

const watchingOf = ({ zdr }: Face): Watching => {
  const needed = new Set(zdr.watched.flatMap(membersOf));
  const paths = new Set([...zdr.watched.map(({ path }) => path), ...needed]);
  const watch = compilePaths([...paths]);
  return {
    watch,
    needed,
    fields: new Set(watch.fields.keys()),
    places: new Map(zdr.watched.map((place) => [place.path, place])),
  };
};

const known = new WeakMap<Face, Watching>();
const watching = (face: Face): Watching => {
  const before = known.get(face);
  if (before !== undefined) return before;
  const made = watchingOf(face);
  known.set(face, made);
  return made;
};

/** Only what was read counts: a string that is long or has an escape may say anything. */
const mayStand = ({ kind, text }: PathHit, { allowed }: WatchedPlace): boolean =>
  kind === 'null' || (text !== undefined && allowed?.includes(text) === true);

const allMayStand = (hits: readonly PathHit[], { places, needed }: Watching): boolean => {
  let lacking = false;
  for (const hit of hits) {
    if (hit.kind === 'escapedKey') return false;
    const place = places.get(hit.path);
    if (place?.needsOneOf !== undefined) {
      if (lacking) return false;
      lacking = hit.kind === 'object';
      continue;
    }
    if (needed.has(hit.path) && hit.kind !== 'null') lacking = false;
    if (place !== undefined && !mayStand(hit, place)) return false;
  }
  return !lacking;
};

/**
 * Refuses what may not leave under ZDR below the top level: every occurrence of a watched place counts, and whatever
 * cannot be read there is refused. Throws LetheError org_policy.field_refused, naming the top-level field alone.
 */
export const refuseWatched = (face: Face, body: RequestBody): void => {
  const watched = watching(face);
  for (const { name, valueStart, valueEnd } of body.scan.fields) {
    if (name === undefined || !watched.fields.has(name)) continue;
    const hits = findPaths(watched.watch, body.chunks, { name, valueStart, valueEnd });
    if (!allMayStand(hits, watched)) throw new LetheError('org_policy.field_refused', name);
  }
};
