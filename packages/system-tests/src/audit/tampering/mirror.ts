import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type VerifyPolicy, verifyCheckpoint, verifyTiles } from '@lethe/transparency-log';
import type { AuditWorld } from '../world/audit-world.js';
import type { GoVerifier } from '../world/go-verifier.js';
import { runCli } from '../world/run-program.js';
import type { TestWitness } from '../world/test-witness.js';
import { flipByte } from './anchor-manipulations.js';
import type { BaseLog } from './base-log.js';
import type { Row } from './page.js';

interface MirrorOptions {
  readonly world: AuditWorld;
  readonly go: GoVerifier;
  readonly base: BaseLog;
  readonly witness: TestWitness;
}

const filesBelow = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();

/** Only what makes up the log: a mirror may keep notes of its own. */
const isOfTheLog = (path: string): boolean => path === 'checkpoint' || path.startsWith('tile/');

const manipulations: Readonly<Record<string, (path: string) => Promise<void>>> = {
  'one byte changed': (path) => flipByte(path),
  'the last byte gone': async (path) => writeFile(path, (await readFile(path)).subarray(0, -1)),
  deleted: (path) => rm(path),
  'its first half and its second swapped': async (path) => {
    const bytes = await readFile(path);
    const middle = Math.floor(bytes.length / 64) * 32;
    await writeFile(path, Buffer.concat([bytes.subarray(middle), bytes.subarray(0, middle)]));
  },
};

/** A tile of one hash has no halves, and neither has a note. */
const hasOnePart = async (path: string): Promise<boolean> =>
  path.endsWith('checkpoint') || (await readFile(path)).length < 64;

/** The whole of verification, in this process: for trying many places of a file. */
const holds = async (folder: string, policy: VerifyPolicy): Promise<boolean> => {
  const head = verifyCheckpoint(await readFile(join(folder, 'checkpoint')), policy);
  if (!head.ok) return false;
  const verdict = await verifyTiles({
    checkpoint: head,
    readTile: (path) => readFile(join(folder, path)).catch(() => undefined),
  });
  return verdict.ok;
};

/** Every byte of a checkpoint, and a sample of each other file, one at a time; the places that nobody missed. */
const unnoticedFlips = async (folder: string, path: string, policy: VerifyPolicy): Promise<number[]> => {
  const file = join(folder, path);
  const bytes = await readFile(file);
  const step = path === 'checkpoint' ? 1 : Math.max(1, Math.floor(bytes.length / 40));
  const unnoticed: number[] = [];
  for (let at = 0; at < bytes.length; at += step) {
    await flipByte(file, at);
    if (await holds(folder, policy)) unnoticed.push(at);
    await writeFile(file, bytes);
  }
  return unnoticed;
};

/** Copies the base log as a mirror does and spoils each file of the copy. */
export const examineMirror = async ({ world, go, base, witness }: MirrorOptions): Promise<Row[]> => {
  const folder = join(world.folder, 'mirror');
  const replica = await world.start({
    database: base.database,
    launch: { witnesses: [{ url: 'http://127.0.0.1:9', verifierKey: witness.verifierKey }] },
  });
  const exported = await runCli(
    ['audit', 'export', '--dir', folder, '--url', replica.rest, '--key', world.verifierKey],
    { LETHE_OPERATOR_TOKEN: world.identities.operatorToken },
  );
  await replica.stop();
  if (exported.code !== 0) throw new Error(`lethe audit export ended with ${exported.code}: ${exported.err}`);
  const policy = { logVerifierKey: world.verifierKey, witnesses: [witness.verifierKey] };
  const trust = ['--key', world.verifierKey, '--witness', witness.verifierKey];
  const ask = async (dir: string) => ({
    verify: (await runCli(['audit', 'verify', '--dir', dir, ...trust])).code,
    go: (await go.verify(['--dir', dir, ...trust])).code,
  });
  const before = await ask(folder);
  if (before.verify !== 0 || before.go !== 0)
    throw new Error(`the untouched mirror does not verify: ${JSON.stringify(before)}`);

  const rows: Row[] = [];
  for (const path of (await filesBelow(folder)).filter(isOfTheLog)) {
    const unnoticed = await unnoticedFlips(folder, path, policy);
    for (const [what, spoil] of Object.entries(manipulations)) {
      if (what.includes('swapped') && (await hasOnePart(join(folder, path)))) continue;
      const copy = join(world.folder, 'spoilt');
      await cp(folder, copy, { recursive: true });
      await spoil(join(copy, path));
      const codes = await ask(copy);
      await rm(copy, { recursive: true });
      rows.push({
        place: path,
        what: what === 'one byte changed' ? 'one byte changed, wherever' : what,
        noticedBy: [
          // What cannot be read is not verified either (3).
          ...(codes.verify !== 0 && unnoticed.length === 0 ? (['verify'] as const) : []),
          ...(codes.go !== 0 ? (['Go verifier'] as const) : []),
        ],
        sameAnswers: false,
      });
    }
  }
  return rows;
};
