import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ReadTile,
  type VerifyPolicy,
  verifyCheckpoint,
  verifyGrowth,
  verifyTiles,
} from '@lethe/transparency-log';
import { http } from '../../support/http.js';
import { leafHash, rootByPath } from '../checker/merkle.js';
import { type PinnedLog, readCheckpoint } from '../checker/note.js';

/** A log as outsiders reach it. */
export interface OutsideLog {
  readonly rest: string;
  readonly operatorToken: string;
  readonly policy: VerifyPolicy;
}

const readTileOf =
  ({ rest, operatorToken }: OutsideLog): ReadTile =>
  async (path) => {
    const answer = await http(`${rest}/${path}`, { headers: { authorization: `Bearer ${operatorToken}` } });
    if (answer.status === 200) return answer.body;
    if (answer.status === 404) return undefined;
    throw new Error(`${path} answered ${answer.status}`);
  };

const headOf = async ({ rest, policy }: OutsideLog) => {
  const { status, body } = await http(`${rest}/checkpoint`);
  return status === 200 ? verifyCheckpoint(body, policy) : undefined;
};

/** What `lethe audit verify` does, without a process of its own for each time. */
export const holds = async (log: OutsideLog): Promise<boolean> => {
  const head = await headOf(log);
  if (head?.ok !== true) return false;
  return (await verifyTiles({ checkpoint: head, readTile: readTileOf(log) })).ok;
};

/** What `lethe audit watch` does with the newest checkpoint that it kept. */
export const growsFrom = async (log: OutsideLog, keptFolder: string): Promise<boolean> => {
  const { logVerifierKey } = log.policy;
  const trusting = { ...log, policy: { logVerifierKey } };
  const name = (await readdir(keptFolder)).sort().at(-1) ?? '';
  const kept = verifyCheckpoint(await readFile(join(keptFolder, name)), { logVerifierKey });
  if (!kept.ok) throw new Error('the kept checkpoint is not good');
  const head = await headOf(trusting);
  if (head?.ok !== true) return false;
  return (await verifyGrowth(readTileOf(log), kept, head)).ok;
};

interface ExportedLine {
  readonly checkpoint?: string;
  readonly index?: number;
  readonly event?: unknown;
  readonly path?: readonly string[];
  readonly events?: number;
}

/** The event's bytes as they stand in a line, which no parser may have touched. */
const eventBytes = (line: string): Buffer =>
  Buffer.from(line.slice(line.indexOf('"event":') + '"event":'.length, line.lastIndexOf(',"path":')));

/** Whether everything in an export leads to its signed checkpoint; what is cut off on the way is no export. */
export const exportHolds = async (
  { rest, operatorToken }: OutsideLog,
  pinned: PinnedLog,
): Promise<boolean> => {
  const exported = await http(`${rest}/v1/audit/export`, {
    headers: { authorization: `Bearer ${operatorToken}` },
  }).catch(() => undefined);
  if (exported?.status !== 200) return false;
  const lines = exported.body.toString().trimEnd().split('\n');
  const parsed = lines.map((line) => JSON.parse(line) as ExportedLine);
  const head = readCheckpoint(parsed[0]?.checkpoint ?? '', pinned);
  const events = lines.slice(1, -1);
  if (head === undefined || parsed.at(-1)?.events !== events.length || events.length !== head.size)
    return false;
  return events.every((line, at) => {
    const { index = -1, path = [] } = parsed[at + 1] as ExportedLine;
    const hashes = path.map((hash) => Buffer.from(hash, 'base64'));
    return (
      rootByPath({ leaf: leafHash(eventBytes(line)), index, size: head.size }, hashes)?.equals(head.root) ===
      true
    );
  });
};
