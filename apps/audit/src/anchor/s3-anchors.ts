import { type KeptObject, ObjectStoreError, openLockedStore, type S3StoreConfig } from '@lethe/object-store';
import { decodeTombstone, encodeTombstone, readAnchoredNote } from './anchor-codec.js';
import { AnchorError, type AnchoredCheckpoint, type Anchors, type Tombstone } from './anchors.js';

const NOTE_BYTES_MAX = 262_144;
const PAGE = 500;
const READS_AT_ONCE = 16;
const checkpoints = 'checkpoints/';
const tombstones = 'tombstones/';

// The larger the checkpoint the smaller its key: a listing begins with the newest.
const keyOf = (size: number): string =>
  `${checkpoints}${String(Number.MAX_SAFE_INTEGER - size).padStart(16, '0')}`;

/** Throws AnchorError `damaged` for what is no key of a checkpoint. */
const sizeOf = (key: string): number => {
  const digits = key.slice(checkpoints.length);
  const size = Number.MAX_SAFE_INTEGER - Number(digits);
  if (!/^\d{16}$/.test(digits) || !Number.isSafeInteger(size) || size < 0) throw new AnchorError('damaged');
  return size;
};

/** What the store says becomes a closed code of the anchors. */
const atEdge = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AnchorError) throw error;
    const code = error instanceof ObjectStoreError ? error.code : 'unavailable';
    if (code === 'full' || code === 'unlocked') throw new AnchorError(code);
    throw new AnchorError(code === 'object_too_large' ? 'damaged' : 'unavailable');
  }
};

/**
 * Anchors in a bucket with versions and a lock in compliance mode: `checkpoints/…`, all of them, and
 * `tombstones/<org id>`. What was kept first under a key is believed, whatever was put over it.
 */
export const openS3Anchors = async (config: S3StoreConfig): Promise<Anchors> => {
  const store = await atEdge(() => openLockedStore(config));
  let last: { readonly kept: KeptObject; readonly checkpoint: AnchoredCheckpoint } | undefined;

  const readNote = async (kept: KeptObject): Promise<AnchoredCheckpoint> => {
    // A locked version cannot have changed since it was read.
    if (last?.kept.key === kept.key && last.kept.versionId === kept.versionId) return last.checkpoint;
    const note = (await store.read(kept)).toString('utf8');
    if (note.length > NOTE_BYTES_MAX) throw new AnchorError('damaged');
    const checkpoint = readAnchoredNote(note, sizeOf(kept.key));
    last = { kept, checkpoint };
    return checkpoint;
  };

  const readTombstone = async (kept: KeptObject): Promise<Tombstone> => {
    const tombstone = decodeTombstone((await store.read(kept)).toString('utf8'));
    if (`${tombstones}${tombstone.orgId}` !== kept.key) throw new AnchorError('damaged');
    return tombstone;
  };

  async function* readTombstones(): AsyncIterable<Tombstone> {
    let after: string | undefined;
    do {
      const page = await atEdge(() => store.list({ prefix: tombstones, after, limit: PAGE }));
      for (let at = 0; at < page.length; at += READS_AT_ONCE)
        yield* await atEdge(() => Promise.all(page.slice(at, at + READS_AT_ONCE).map(readTombstone)));
      after = page.length === PAGE ? page.at(-1)?.key : undefined;
    } while (after !== undefined);
  }

  return {
    newest: () =>
      atEdge(async () => {
        const [newest] = await store.list({ prefix: checkpoints, limit: 1 });
        return newest && (await readNote(newest));
      }),
    keep: (checkpoint) =>
      atEdge(async () => {
        const key = keyOf(checkpoint.size);
        if (await store.keep(key, Buffer.from(checkpoint.note))) return;
        const [kept] = await store.list({ prefix: key, limit: 1 });
        if (kept === undefined) throw new AnchorError('unavailable');
        if (!(await readNote(kept)).root.equals(checkpoint.root)) throw new AnchorError('conflict');
      }),
    bury: (tombstone) =>
      atEdge(async () => {
        await store.keep(`${tombstones}${tombstone.orgId}`, Buffer.from(encodeTombstone(tombstone)));
      }),
    tombstones: readTombstones,
  };
};
