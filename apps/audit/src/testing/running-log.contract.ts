import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditEventInput } from '@lethe/contracts';
import { createLogger, createMetrics, type Registry } from '@lethe/service-kit';
import { makeSigner, type NoteSigner, parseTilePath, type ReadTile } from '@lethe/transparency-log';
import type { Anchors } from '../anchor/anchors.js';
import { openFolderAnchors } from '../anchor/folder-anchors.js';
import { type AppendableEvent, readAppendableEvent } from '../append/read-event.js';
import type { PlacedProof } from '../log/log-reader.js';
import { createLogSigner } from '../log/log-signer.js';
import { type RunningLog, startLog } from '../log/start-log.js';
import { type AuditMetrics, createAuditMetrics } from '../metrics.js';
import { type AuditDatabase, openAuditDatabase } from '../store/database.js';
import type { WitnessAddress } from '../witness/ask-witness.js';
import { eventually } from './eventually.contract.js';
import { sampleRequest } from './sample-events.contract.js';

export const testOrigin = 'audit.lethe.test/log';
export const testSigner: NoteSigner = makeSigner(testOrigin, Buffer.alloc(32, 7));

/** An event that Append would take. */
export const sampleEvent = (over: Partial<AuditEventInput> = {}): AppendableEvent => {
  const read = readAppendableEvent(sampleRequest(over));
  if ('refusal' in read) throw new Error(`a sample is refused: ${read.refusal}`);
  return read.event;
};

/** A fresh folder for anchors; the caller removes it. */
export const makeAnchorsFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'lethe-anchors-'));

export interface TestLog extends RunningLog {
  readonly database: AuditDatabase;
  readonly anchors: Anchors;
  readonly registry: Registry;
  readonly metrics: AuditMetrics;
  /** What the log said, one JSON line each. */
  readonly said: string[];
  /** Appends a sample. */
  append(over?: Partial<AuditEventInput>): Promise<PlacedProof & { readonly event: AppendableEvent }>;
}

/** Reads tiles of a log by their paths, as a verifier asks for them. */
export const readTileOf =
  ({ reader }: RunningLog): ReadTile =>
  async (path) => {
    const tile = parseTilePath(path);
    if (tile === undefined) return undefined;
    const { level, index, width } = tile;
    return level === 'entries' ? reader.entries({ index, width }) : reader.tile({ level, index, width });
  };

interface TestLogOptions {
  /** Of lethe_audit_append. */
  readonly url: string;
  /** Default: a folder of its own, removed with stop(). */
  readonly anchorsFolder?: string;
  /** Put between the log and its anchors. */
  readonly withAnchors?: (anchors: Anchors) => Anchors;
  readonly signers?: readonly NoteSigner[];
  readonly witnesses?: readonly WitnessAddress[];
  readonly witnessQuorum?: number;
}

/** The log as the service runs it, in this process; resolves when it is ready, or at once with `untilReady` false. */
export const startTestLog = async (options: TestLogOptions, untilReady = true): Promise<TestLog> => {
  const folder = options.anchorsFolder ?? (await makeAnchorsFolder());
  const own = await openFolderAnchors(folder);
  const anchors = options.withAnchors?.(own) ?? own;
  const database = openAuditDatabase(options.url);
  const registry = createMetrics('audit');
  const metrics = createAuditMetrics(registry);
  const said: string[] = [];
  const running = startLog({
    database,
    anchors,
    signer: createLogSigner(testOrigin, options.signers ?? [testSigner]),
    witnesses: options.witnesses ?? [],
    witnessQuorum: options.witnessQuorum ?? 0,
    registry,
    metrics,
    log: createLogger('audit', (line) => said.push(line)),
  });
  if (untilReady) await eventually(running.isReady);
  return {
    ...running,
    database,
    anchors,
    registry,
    metrics,
    said,
    append: async (over = {}) => {
      const event = sampleEvent(over);
      return { ...(await running.intake.append(event)), event };
    },
    stop: async () => {
      await running.stop();
      await database.close();
      if (options.anchorsFolder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
};
