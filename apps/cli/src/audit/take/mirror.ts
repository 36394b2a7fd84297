import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { verifyCheckpoint } from '@lethe/transparency-log';
import { errorCode } from '../../terminal/error-code.js';
import { Problem } from '../../terminal/problem.js';
import { openFolderLog } from '../log/folder-log.js';
import type { LogSource } from '../log/log-source.js';
import type { Pinned } from '../verify/pinned-key.js';
import type { Progress } from '../verify/progress.js';
import type { Report } from '../verify/verdict.js';
import { failureReport } from '../verify/verdict-facts.js';
import { verifyWholeLog } from '../verify/whole-log.js';
import { writeWhole } from '../watch/checkpoint-keeper.js';

interface MirrorOptions {
  readonly source: LogSource;
  readonly folder: string;
  readonly pinned: Pinned;
  readonly entries: boolean;
  readonly progress: Pick<Progress, 'report' | 'end'>;
}

/** A log that answers from the folder what is there, and puts there what it had to ask for. */
class Mirror implements LogSource {
  readonly hasEntries: boolean;
  readonly name: string;
  readonly #outdated = new Set<string>();
  #note: Uint8Array | undefined;
  tilesTaken = 0;

  constructor(
    private readonly source: LogSource,
    private readonly folder: string,
  ) {
    this.name = source.name;
    this.hasEntries = source.hasEntries;
  }

  async checkpoint(): Promise<Uint8Array | undefined> {
    this.#note = await this.source.checkpoint();
    return this.#note;
  }

  readonly readTile = async (path: string): Promise<Uint8Array | undefined> => {
    const here = await openFolderLog(this.folder).readTile(path);
    if (here !== undefined) return here;
    const bytes = await this.source.readTile(path);
    if (bytes === undefined) return undefined;
    const target = join(this.folder, path);
    await makeFolder(dirname(target));
    await writeWhole(target, bytes);
    this.tilesTaken += 1;
    const partials = /\.p\/\d+$/.test(path) ? dirname(target) : `${target}.p`;
    if (existsSync(partials)) this.#outdated.add(partials);
    return bytes;
  };

  /** Puts the checkpoint there, last, so that a folder with one is whole; then removes the tiles that it outdates. */
  async finish(): Promise<void> {
    if (this.#note !== undefined) await writeWhole(join(this.folder, 'checkpoint'), this.#note);
    for (const partials of this.#outdated) await removeOutdated(partials);
  }
}

const makeFolder = async (path: string): Promise<void> => {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw new Problem(`A folder cannot be made (${errorCode(error)}).`, path, 3);
  }
};

/** Of the partial forms of a tile only the widest is of use, and none once the full one is there. */
const removeOutdated = async (partials: string): Promise<void> => {
  const isFull = existsSync(partials.replace(/\.p$/, ''));
  const widths = (await readdir(partials)).sort((a, b) => Number(a) - Number(b));
  if (isFull) await rm(partials, { recursive: true, force: true });
  else for (const width of widths.slice(0, -1)) await rm(join(partials, basename(width)), { force: true });
};

/**
 * Copies a log into a folder as a static server would serve it, verifying on the way; what is there already is not
 * fetched again, and the log must still begin with what an earlier copy's checkpoint signed. Rejects with Problem
 * (exit code 3) when it cannot be read or written.
 */
export const mirrorLog = async (options: MirrorOptions): Promise<Report> => {
  const { source, folder, pinned, entries, progress } = options;
  await makeFolder(folder);
  const before = await openFolderLog(folder).checkpoint();
  const kept =
    before === undefined
      ? undefined
      : verifyCheckpoint(before, { logVerifierKey: pinned.policy.logVerifierKey });
  if (kept?.ok === false)
    return failureReport("The earlier copy's checkpoint is not good.", kept, pinned, { mode: 'mirror' });
  const mirror = new Mirror(source, folder);
  const earlier = kept === undefined ? [] : [kept];
  const report = await verifyWholeLog({ source: mirror, pinned, entries, earlier, progress });
  if (!report.holds)
    return {
      ...report,
      remarks: [
        `The checkpoint in ${folder} is as it was before. If only the copy is damaged, delete the file that is meant and run this again.`,
      ],
    };
  await mirror.finish();
  return {
    ...report,
    facts: [['copied', `${mirror.tilesTaken} files were new; the copy lies in ${folder}`], ...report.facts],
    json: { ...report.json, folder, files_new: mirror.tilesTaken },
  };
};
