import { createHash, randomBytes } from 'node:crypto';
import { link, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { errorCode } from '../../terminal/error-code.js';
import { Problem } from '../../terminal/problem.js';
import { noteBytesMax } from '../log/log-source.js';
import { readBounded } from '../log/read-input.js';

/** As many as one verification takes. Older ones say nothing that a newer one does not. */
const keptMax = 10_000;
const keptName = /^\d{20}\.checkpoint$/;

/** Where checkpoints of a log are kept unless told otherwise: outside of any Lethe's home, which they are to watch. */
export const defaultKeepFolder = (origin: string, env: NodeJS.ProcessEnv = process.env): string =>
  join(
    env.XDG_STATE_HOME || join(homedir(), '.local', 'state'),
    'lethe',
    'checkpoints',
    origin.replace(/[^a-z0-9.-]+/gi, '_').replace(/^\.+/, '_'),
  );

/** Writes a file whole or not at all; with `once`, never over one that is there. */
export const writeWhole = async (path: string, bytes: Uint8Array, once = false): Promise<void> => {
  const staging = `${path}.${randomBytes(6).toString('hex')}.writing`;
  try {
    const file = await open(staging, 'wx', 0o644);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    if (once) await link(staging, path).catch((error) => ignoreExisting(error));
    else await rename(staging, path);
  } catch (error) {
    throw new Problem(`A file cannot be written (${errorCode(error)}).`, path, 3);
  } finally {
    await rm(staging, { force: true });
  }
};

const ignoreExisting = (error: unknown): void => {
  if (errorCode(error) !== 'EEXIST') throw error;
};

/** A folder of signed notes, one for each size that was seen. */
export class CheckpointKeeper {
  private constructor(readonly folder: string) {}

  /** Makes the folder. Throws Problem (exit code 3) when it cannot. */
  static async open(folder: string): Promise<CheckpointKeeper> {
    try {
      await mkdir(folder, { recursive: true, mode: 0o755 });
    } catch (error) {
      throw new Problem(`The folder for checkpoints cannot be made (${errorCode(error)}).`, folder, 3);
    }
    return new CheckpointKeeper(folder);
  }

  /** The note of the greatest size that was kept; undefined when there is none. */
  async newest(): Promise<{ readonly path: string; readonly note: Uint8Array } | undefined> {
    const name = (await this.#names()).at(-1);
    if (name === undefined) return undefined;
    const path = join(this.folder, name);
    return { path, note: (await readBounded(path, noteBytesMax)) ?? Buffer.alloc(0) };
  }

  async keep(size: number, note: Uint8Array): Promise<void> {
    await writeWhole(join(this.folder, `${String(size).padStart(20, '0')}.checkpoint`), note, true);
    for (const name of (await this.#names()).slice(0, -keptMax))
      await rm(join(this.folder, name), { force: true });
  }

  /** Keeps a note that contradicts a kept one: the two together are the proof. Resolves to its path. */
  async keepEvidence(note: Uint8Array): Promise<string> {
    const digest = createHash('sha256').update(note).digest('hex').slice(0, 16);
    const path = join(this.folder, `contradiction-${digest}.note`);
    await writeWhole(path, note, true);
    return path;
  }

  async #names(): Promise<string[]> {
    return (await readdir(this.folder)).filter((name) => keptName.test(name)).sort();
  }
}
