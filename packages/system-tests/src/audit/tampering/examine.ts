import { mkdir } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { http } from '../../support/http.js';
import { leafHash, rootByPath } from '../checker/merkle.js';
import { readCheckpoint, readProof } from '../checker/note.js';
import { connectAppend } from '../world/append-client.js';
import type { AuditWorld } from '../world/audit-world.js';
import type { GoVerifier } from '../world/go-verifier.js';
import type { Replica } from '../world/replica.js';
import { sampleEvent } from '../world/sample-events.js';
import { type Answers, readAnswers } from './answers.js';
import { exportHolds, growsFrom, holds } from './outsiders.js';

/** Who can notice that a log was tampered with, in the order in which the page names them. */
export const WATCHERS = [
  'fork guard',
  'not ready',
  'verify',
  'Go verifier',
  'export',
  'watch',
  'proof',
  'tombstones',
] as const;
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
  const metrics = await http(`${replica.rest}/metrics`).catch(() => undefined);
  return /^lethe_audit_fork_guard(?:\{[^}]*\})? 1$/m.test(metrics?.body.toString() ?? '');
};

/** Each answer of /readyz looks at database and anchors anew; a busy machine may spoil one. */
const UNREADY_ANSWERS = 4;

/** How the replica takes what it found, once it has looked. */
const firstSight = async (replica: Replica): Promise<Watcher | undefined> => {
  for (let unready = 0; unready < UNREADY_ANSWERS; unready += 1) {
    const answer = await http(`${replica.rest}/readyz`).catch(() => undefined);
    if (answer?.status === 200) return undefined;
    if (await isGuarded(replica)) return 'fork guard';
    await pause(500);
  }
  return 'not ready';
};

const byOutsiders = async (subject: Subject, { rest }: Replica): Promise<Watcher[]> => {
  const { world, go, witnessKey, keptFolder } = subject;
  const { operatorToken } = world.identities;
  const log = { rest, operatorToken, policy: { logVerifierKey: world.verifierKey, witnesses: [witnessKey] } };
  const goVerify = go.verify(
    ['--url', rest, '--prove', '20', '--growth', '5', '--key', world.verifierKey, '--witness', witnessKey],
    { LETHE_OPERATOR_TOKEN: operatorToken },
  );
  const noticed: Partial<Record<Watcher, boolean>> = {
    verify: !(await holds(log)),
    export: !(await exportHolds(log, world)),
    watch: !(await growsFrom(log, keptFolder)),
    'Go verifier': (await goVerify).code !== 0,
  };
  return WATCHERS.filter((watcher) => noticed[watcher] === true);
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
    return [(await firstSight(replica)) ?? 'proof'];
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
    const stopped = await firstSight(replica);
    if (stopped !== undefined) return { noticedBy: [stopped], sameAnswers: true };
    const answers = await readAnswers(world, replica, subject.answers.asked);
    const outside = await byOutsiders(subject, replica);
    const next = await byNextEvent(subject, replica);
    const refused: Watcher[] = answers.tombstones === undefined ? ['tombstones'] : [];
    return {
      noticedBy: WATCHERS.filter((watcher) => [...outside, ...next, ...refused].includes(watcher)),
      sameAnswers: JSON.stringify(answers) === JSON.stringify(subject.answers),
    };
  } finally {
    await replica.stop();
  }
};
