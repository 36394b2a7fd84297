import { mkdir, readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeTombstone, encodeTombstone, readAnchoredNote } from './anchor-codec.js';
import { AnchorError, type AnchoredCheckpoint, type Anchors, type Tombstone } from './anchors.js';
import { isCode, writeOnce } from './durable-file.js';

const NOTES_KEPT = 16;
const NOTE_BYTES_MAX = 262_144;
const NEWER_TRIES = 5;
const sizeName = /^\d{20}$/;
const tombstoneName = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const nameOf = (size: number): string => String(size).padStart(20, '0');

/** What the file system says becomes a closed code. */
const atEdge = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AnchorError) throw error;
    throw new AnchorError(isCode(error, 'ENOSPC', 'EDQUOT') ? 'full' : 'unavailable');
  }
};

/** Names of the checkpoints kept, smallest first. */
const namesIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter((name) => sizeName.test(name)).sort();

const readNote = async (folder: string, name: string): Promise<AnchoredCheckpoint> => {
  const note = await readFile(join(folder, name), 'utf8');
  if (note.length > NOTE_BYTES_MAX) throw new AnchorError('damaged');
  return readAnchoredNote(note, Number(name));
};

const readNewest = async (folder: string): Promise<AnchoredCheckpoint | undefined> => {
  for (let tries = 0; tries < NEWER_TRIES; tries += 1) {
    const name = (await namesIn(folder)).at(-1);
    if (name === undefined) return undefined;
    try {
      return await readNote(folder, name);
    } catch (error) {
      // Another service kept many newer ones and took this one away: look again.
      if (!isCode(error, 'ENOENT')) throw error;
    }
  }
  throw new AnchorError('unavailable');
};

const keepNote = async (folder: string, checkpoint: AnchoredCheckpoint): Promise<void> => {
  const name = nameOf(checkpoint.size);
  if (!(await writeOnce(folder, name, checkpoint.note))) {
    const kept = await readNote(folder, name);
    if (!kept.root.equals(checkpoint.root)) throw new AnchorError('conflict');
  }
  const surplus = (await namesIn(folder)).slice(0, -NOTES_KEPT);
  for (const old of surplus) await unlink(join(folder, old)).catch(() => {});
};

async function* readTombstones(folder: string): AsyncIterable<Tombstone> {
  const names = await atEdge(() => readdir(folder));
  for (const name of names.filter((each) => tombstoneName.test(each)).sort())
    yield await atEdge(async () => {
      const tombstone = decodeTombstone(await readFile(join(folder, name), 'utf8'));
      if (tombstone.orgId !== name) throw new AnchorError('damaged');
      return tombstone;
    });
}

/**
 * Anchors in a folder: `checkpoints/<size in 20 digits>` holds a note each, the newest 16 stay; `tombstones/<org id>`
 * stay for ever. Makes the folders when they are not there. Rejects with AnchorError.
 */
export const openFolderAnchors = async (folder: string): Promise<Anchors> => {
  const checkpoints = join(folder, 'checkpoints');
  const tombstones = join(folder, 'tombstones');
  await atEdge(async () => {
    for (const each of [checkpoints, tombstones]) await mkdir(each, { recursive: true, mode: 0o700 });
  });
  return {
    newest: () => atEdge(() => readNewest(checkpoints)),
    keep: (checkpoint) => atEdge(() => keepNote(checkpoints, checkpoint)),
    bury: (tombstone) =>
      atEdge(async () => {
        await writeOnce(tombstones, tombstone.orgId, encodeTombstone(tombstone));
      }),
    tombstones: () => readTombstones(tombstones),
  };
};
