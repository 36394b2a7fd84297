import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { logManipulations, type Manipulation } from './manipulations.js';

const filesIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).sort().map((name) => join(folder, name));

const newestIn = async (folder: string): Promise<string> => (await filesIn(folder)).at(-1) as string;

/** One bit of the byte in the middle, which leaves a character a character. */
export const flipByte = async (path: string, at?: number): Promise<void> => {
  const bytes = await readFile(path);
  const position = at ?? Math.floor(bytes.length / 2);
  bytes[position] = (bytes[position] as number) ^ 1;
  await rm(path);
  await writeFile(path, bytes);
};

/** In the value of a field of the newest tombstone. */
const flipField = async (anchorsFolder: string, name: string): Promise<void> => {
  const path = await newestIn(join(anchorsFolder, 'tombstones'));
  const start = (await readFile(path, 'utf8')).indexOf(`"${name}":`) + name.length + 3;
  await flipByte(path, start + 5);
};

const [setBack, , signedAnew] = logManipulations as [Manipulation, Manipulation, Manipulation];

/** The files beside the database, alone and together with it. */
export const anchorManipulations: readonly Manipulation[] = [
  {
    place: 'anchors/checkpoints',
    what: 'one byte of the newest changed',
    apply: async ({ anchorsFolder }) => flipByte(await newestIn(join(anchorsFolder, 'checkpoints'))),
  },
  {
    place: 'anchors/checkpoints',
    what: 'the newest deleted',
    apply: async ({ anchorsFolder }) => rm(await newestIn(join(anchorsFolder, 'checkpoints'))),
  },
  {
    place: 'anchors/checkpoints',
    what: 'all deleted',
    apply: ({ anchorsFolder }) => rm(join(anchorsFolder, 'checkpoints'), { recursive: true }),
  },
  {
    place: 'anchors/tombstones: org_id',
    what: 'one byte changed',
    apply: ({ anchorsFolder }) => flipField(anchorsFolder, 'org_id'),
  },
  {
    place: 'anchors/tombstones: event_id',
    what: 'one byte changed',
    apply: ({ anchorsFolder }) => flipField(anchorsFolder, 'event_id'),
  },
  {
    place: 'anchors/tombstones: enabled_at_ms',
    what: 'one byte changed',
    apply: ({ anchorsFolder }) => flipField(anchorsFolder, 'enabled_at_ms'),
  },
  {
    place: 'anchors/tombstones',
    what: 'one deleted',
    apply: async ({ anchorsFolder }) => rm(await newestIn(join(anchorsFolder, 'tombstones'))),
  },
  {
    place: 'all tables and anchors/checkpoints',
    what: `${setBack.what}, and the anchors likewise`,
    apply: async (where) => {
      await setBack.apply(where);
      await rm(await newestIn(join(where.anchorsFolder, 'checkpoints')));
    },
  },
  {
    place: 'all tables and anchors/checkpoints',
    what: `${signedAnew.what}, and all anchors gone`,
    apply: async (where) => {
      await signedAnew.apply(where);
      await rm(join(where.anchorsFolder, 'checkpoints'), { recursive: true });
    },
  },
];
