import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Failure, type TreeHead, type VerifyPolicy, verifyCheckpoint } from '@lethe/transparency-log';
import { noteBytesMax } from '../log/log-source.js';
import { readInput } from '../log/read-input.js';

/** As many as one check takes; of a folder with more, the newest. */
const keptMax = 10_000;

export type KeptHeads =
  | { readonly ok: true; readonly heads: readonly TreeHead[] }
  | { readonly ok: false; readonly path: string; readonly failure: Failure };

/** The files meant: the one given, or all kept in a folder of `lethe audit watch`. */
const filesAt = async (path: string): Promise<readonly string[]> => {
  const names = await readdir(path).catch(() => undefined);
  if (names === undefined) return [path];
  return names
    .filter((name) => /^\d{20}\.checkpoint$/.test(name))
    .sort()
    .slice(-keptMax)
    .map((name) => join(path, name));
};

/** The tree heads of kept checkpoints; each must be signed by the log, cosignatures are not asked for again. */
export const readKeptHeads = async (
  paths: readonly string[],
  policy: VerifyPolicy,
  option: string,
): Promise<KeptHeads> => {
  const heads: TreeHead[] = [];
  for (const given of paths)
    for (const path of await filesAt(given)) {
      const note = await readInput(path, noteBytesMax, option);
      const verdict = verifyCheckpoint(note, { logVerifierKey: policy.logVerifierKey });
      if (!verdict.ok) return { ok: false, path, failure: verdict };
      heads.push({ size: verdict.size, root: verdict.root });
    }
  return { ok: true, heads };
};
