import { randomBytes } from 'node:crypto';
import { chown, link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode } from '../terminal/error-code.js';
import { Problem } from '../terminal/problem.js';
import { type FolderName, folderNames, folders } from './layout.js';

interface Pending {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
  readonly uid: number | undefined;
}

const privateMode = 0o600;
const publicMode = 0o644;

/** Whether this process may give files to the users of the containers. */
const mayGive = (): boolean => process.getuid?.() === 0;

const writeOnce = async ({ path, text, mode, uid }: Pending): Promise<void> => {
  const staging = join(dirname(path), `.${randomBytes(6).toString('hex')}.writing`);
  try {
    const file = await open(staging, 'wx', mode);
    try {
      await file.writeFile(text);
      // Whatever the umask says.
      await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    if (uid !== undefined && mayGive()) await chown(staging, uid, uid);
    // Unlike a rename, a link never replaces what is there.
    await link(staging, path);
  } finally {
    await rm(staging, { force: true });
  }
};

/**
 * The files of a deployment: what is there, what is missing, and what contradicts. Nothing is written before all of it
 * is known to fit, and nothing that is there is ever replaced.
 */
export class DeploymentFiles {
  readonly #folder: string;
  readonly #pending: Pending[] = [];
  readonly #flaws: string[] = [];
  readonly #kept = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  path(folder: FolderName, name: string): string {
    return join(this.#folder, folder, name);
  }

  /** The text of a file, undefined when there is none. Throws Problem when it cannot be read. */
  async read(path: string): Promise<string | undefined> {
    try {
      const text = await readFile(path, 'utf8');
      this.#kept.add(path);
      return text;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw new Problem(
        `${path} cannot be read (${errorCode(error)}).`,
        'Run this as the user who ran it first, or as root.',
      );
    }
  }

  /** What is there when it is of this form, else a flaw; what `make` makes when nothing is there. */
  async keepOrMake(folder: FolderName, name: string, form: RegExp, make: () => string): Promise<string> {
    const path = this.path(folder, name);
    const there = (await this.read(path))?.trim();
    if (there === undefined) return this.add(folder, name, make());
    if (!form.test(there)) this.flaw(`${path} does not hold what it should.`);
    return there;
  }

  /** A file that repeats what stands elsewhere: made when it is missing, a flaw when it says something else. */
  async repeat(folder: FolderName, name: string, text: string): Promise<void> {
    const path = this.path(folder, name);
    const there = await this.read(path);
    if (there === undefined) this.add(folder, name, text);
    else if (there.trim() !== text.trim())
      this.flaw(`${path} contradicts the files that it is made from: remove it, and it is made anew.`);
  }

  /** Will be written. */
  add(folder: FolderName, name: string, text: string): string {
    const isPublic = name.endsWith('.crt');
    const mode = isPublic ? publicMode : privateMode;
    this.#pending.push({
      path: this.path(folder, name),
      text: ensureNewline(text),
      mode,
      uid: folders[folder],
    });
    return text.trim();
  }

  /** A file outside of the folder that everybody may read. */
  addPublic(path: string, text: string): void {
    this.#pending.push({ path, text, mode: publicMode, uid: undefined });
  }

  flaw(what: string): void {
    this.#flaws.push(what);
  }

  /** What `write` would say and make, for whoever only looks. */
  outlook(): {
    readonly flaws: readonly string[];
    readonly missing: readonly string[];
    readonly kept: readonly string[];
  } {
    return { flaws: this.#flaws, missing: this.#pending.map(({ path }) => path), kept: [...this.#kept] };
  }

  /** Writes what is missing. Throws Problem, and writes nothing, when there is any flaw. */
  async write(): Promise<{ readonly made: readonly string[]; readonly kept: number }> {
    if (this.#flaws.length > 0)
      throw new Problem(
        `What lies in ${this.#folder} does not fit together; nothing was written.\n${this.#flaws.map((flaw) => `  - ${flaw}`).join('\n')}`,
        'Put back what was changed, or remove what is named and run this again.',
      );
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    for (const name of folderNames) {
      const path = join(this.#folder, name);
      const isNew = (await mkdir(path, { recursive: true, mode: 0o700 })) !== undefined;
      const uid: number | undefined = folders[name];
      if (isNew && uid !== undefined && mayGive()) await chown(path, uid, uid);
    }
    for (const file of this.#pending) await writeOnce(file);
    return { made: this.#pending.map(({ path }) => path), kept: this.#kept.size };
  }

  /** The commands that give each container its folder, for whoever may not do it here; empty when it is done. */
  ownership(): readonly string[] {
    if (mayGive()) return [];
    return folderNames.flatMap((name) => {
      const uid: number | undefined = folders[name];
      return uid === undefined ? [] : [`sudo chown -R ${uid}:${uid} ${join(this.#folder, name)}`];
    });
  }
}

const ensureNewline = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`);
