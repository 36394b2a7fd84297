import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { http } from '../../support/http.js';
import { waitFor } from '../../wait-for.js';
import { leafHash, rootByPath } from '../checker/merkle.js';
import { readCheckpoint, readProof } from '../checker/note.js';
import { connectAppend } from '../world/append-client.js';
import type { AuditWorld } from '../world/audit-world.js';
import type { GoVerifier } from '../world/go-verifier.js';
import type { Replica } from '../world/replica.js';
import { runCli } from '../world/run-program.js';
import { sampleEvent } from '../world/sample-events.js';
import { type Answers, readAnswers } from './answers.js';

/** Who can notice that a log was tampered with, in the order in which the page names them. */
export const WATCHERS = ['fork guard', 'verify', 'Go verifier', 'export', 'watch', 'proof'] as const;
export type Watcher = (typeof WATCHERS)[number];

export interface Examination {
  readonly noticedBy: readonly Watcher[];
  /** Whether everything that audit still answers is as it was before. */
  readonly sameAnswers: boolean;
}

export interface Subject {
  readonly world: AuditWorld;
  readonly go: GoVerifier;
  readonly database: string;
  readonly anchorsFolder: string;
  /** A folder of checkpoints as `lethe audit watch` kept it before. */
  readonly keptFolder: string;
  readonly witnessKey: string;
  /** What was answered before. */
  readonly answers: Answers;
}

const isGuarded = async (replica: Replica): Promise<boolean> => {
  if (replica.pid() === undefined) return true;
  const metrics = await http(`${replica.rest}/metrics`);
  return /^lethe_audit_fork_guard(?:\{[^}]*\})? 1$/m.test(metrics.body.toString());
};

/** Resolves when the replica takes part, or its guard keeps it from that. */
const settled = (replica: Replica): Promise<'ready' | 'guarded'> =>
  waitFor(
    async () => {
      if (await isGuarded(replica)) return 'guarded';
      return (await http(`${replica.rest}/readyz`)).status === 200 && 'ready';
    },
    15_000,
    50,
  );

/** Exit code 1 says that something is wrong; 3, that nothing can be said. */
const refuses = ({ code }: { readonly code: number | null }): boolean => code === 1;

/** What is cut off on the way is no export either. */
const byExport = async ({ world }: Subject, { rest }: Replica): Promise<boolean> => {
  const exported = await http(`${rest}/v1/audit/export`, {
    headers: { authorization: `Bearer ${world.identities.operatorToken}` },
  }).catch(() => undefined);
  if (exported?.status !== 200) return true;
  const file = join(world.folder, `export-${process.hrtime.bigint()}.jsonl`);
  await writeFile(file, exported.body);
  const ran = await runCli(['audit', 'verify', '--export', file, '--key', world.verifierKey]);
  await rm(file);
  return refuses(ran);
};

const byWatch = async ({ world, keptFolder }: Subject, { rest }: Replica): Promise<boolean> => {
  const kept = join(world.folder, `kept-${process.hrtime.bigint()}`);
  await cp(keptFolder, kept, { recursive: true });
  const ran = await runCli([
    'audit',
    'watch',
    '--once',
    '--keep',
    kept,
    '--url',
    rest,
    '--key',
    world.verifierKey,
  ]);
  await rm(kept, { recursive: true });
  return refuses(ran);
};

const byOutsiders = async (subject: Subject, replica: Replica): Promise<Watcher[]> => {
  const { world, go, witnessKey } = subject;
  const trust = ['--key', world.verifierKey, '--witness', witnessKey];
  const env = { LETHE_OPERATOR_TOKEN: world.identities.operatorToken };
  const [verify, goVerify, exported, watch] = await Promise.all([
    runCli(['audit', 'verify', '--url', replica.rest, ...trust], env).then(refuses),
    go.verify(['--url', replica.rest, '--prove', '20', '--growth', '5', ...trust], env).then(refuses),
    byExport(subject, replica),
    byWatch(subject, replica),
  ]);
  return WATCHERS.filter(
    (watcher) => ({ verify, 'Go verifier': goVerify, export: exported, watch })[watcher as 'verify'] === true,
  );
};

/** One more event: whether the log goes on, and its answer holds. */
const byNextEvent = async ({ world }: Subject, replica: Replica): Promise<Watcher[]> => {
  const client = connectAppend(replica.grpc, world.callerCredential);
  const event = sampleEvent(world.identities.orgIds[0]);
  try {
    const answer = await client.append(event.request);
    const proof = readProof(answer.proof);
    const head =
      proof && readCheckpoint(proof.checkpoint, { origin: world.origin, publicKey: world.publicKey });
    const root =
      proof &&
      head &&
      rootByPath({ leaf: leafHash(event.body), index: proof.index, size: head.size }, proof.path);
    return root !== undefined && head !== undefined && root.equals(head.root) ? [] : ['proof'];
  } catch {
    return (await isGuarded(replica)) ? ['fork guard'] : ['proof'];
  } finally {
    client.close();
  }
};

/** Starts audit on what is there and asks everybody who could notice. */
export const examine = async (subject: Subject): Promise<Examination> => {
  const { world, database, anchorsFolder, witnessKey } = subject;
  await mkdir(anchorsFolder, { recursive: true });
  const replica = await world.start({
    database,
    anchorsFolder,
    // Nobody answers there: what is cosigned stays as it is.
    launch: { witnesses: [{ url: 'http://127.0.0.1:9', verifierKey: witnessKey }] },
  });
  try {
    if ((await settled(replica)) === 'guarded') return { noticedBy: ['fork guard'], sameAnswers: true };
    const answers = await readAnswers(world, replica, subject.answers.asked);
    const outside = await byOutsiders(subject, replica);
    const next = await byNextEvent(subject, replica);
    return {
      noticedBy: WATCHERS.filter((watcher) => outside.includes(watcher) || next.includes(watcher)),
      sameAnswers: JSON.stringify(answers) === JSON.stringify(subject.answers),
    };
  } finally {
    await replica.stop();
  }
};
