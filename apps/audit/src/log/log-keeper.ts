import type { Logger } from '@lethe/service-kit';
import { AnchorError, type AnchoredCheckpoint, type Anchors, type Tombstone } from '../anchor/anchors.js';
import { createForkGuard, type ForkGuard } from '../guard/fork-guard.js';
import type { AuditMetrics } from '../metrics.js';
import { putCheckpoint } from '../store/append-batch.js';
import type { AuditDatabase, ISql } from '../store/database.js';
import { type LogHead, type LogState, readHead, readRootOf, readState } from '../store/log-head.js';
import { StoreError, type StoreErrorCode } from '../store/store-error.js';
import { readTombstonesToBury } from '../store/zdr-events.js';
import type { ReleasedCheckpoint } from './log-reader.js';
import type { LogSigner } from './log-signer.js';
import { type ReleaseRules, readReleasable } from './releasable.js';

export interface LogKeeperOptions {
  readonly database: AuditDatabase;
  readonly anchors: Anchors;
  readonly signer: LogSigner;
  readonly release: ReleaseRules;
  readonly metrics: AuditMetrics;
  readonly log: Logger;
}

/** A head that was signed. */
export type SignedHead = LogHead & { readonly note: string };

/** A head with the checkpoint that the anchors held right before it was read. */
interface CheckedHead {
  readonly head: SignedHead;
  readonly anchored: AnchoredCheckpoint | undefined;
}

const isAt = (a: LogState, b: LogState): boolean => a.size === b.size && a.root.equals(b.root);

/** What a person has to do about each fault. */
const actions: Partial<Record<StoreErrorCode, string>> = {
  log_behind: 'restore-a-database-that-holds-the-anchored-size',
  log_forked: 'keep-database-and-anchors-as-evidence-and-restore-the-database-that-the-anchors-continue',
  anchor_unavailable: 'make-the-anchors-readable-and-writable-and-check-the-signing-seeds',
};
const contradictions: ReadonlySet<StoreErrorCode | undefined> = new Set(['log_behind', 'log_forked']);

const toStoreError = (error: unknown): StoreError => {
  if (error instanceof StoreError) return error;
  if (!(error instanceof AnchorError)) throw error;
  return new StoreError(error.code === 'conflict' ? 'log_forked' : 'anchor_unavailable', error.code);
};

/**
 * Knows where the log stands: in the database, in the anchors, and as far as it may be shown. Guarantees: nothing is
 * built on a head that the anchors contradict, and nothing counts as released before the anchors hold it.
 */
export class LogKeeper {
  readonly #options: LogKeeperOptions;
  readonly #guard: ForkGuard;
  #head: SignedHead | undefined;
  #anchored: AnchoredCheckpoint | undefined;
  #released: ReleasedCheckpoint | undefined;
  /** Events before this index have their tombstones. */
  #buriedTo = 0;
  #fault: StoreErrorCode | undefined = 'unavailable';
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  #news = '';
  #keeping: { readonly head: LogState; readonly done: Promise<void> } | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(options: LogKeeperOptions) {
    this.#options = options;
    this.#guard = createForkGuard({
      signer: options.signer,
      readRootOf: (size) => readRootOf(options.database.sql, size),
    });
  }

  /** What keeps the log from going on; undefined when nothing does. */
  get fault(): StoreErrorCode | undefined {
    return this.#fault;
  }

  /** When the newest checkpoint was signed, by the wall clock of whoever signed it; undefined before the first look. */
  get signedAtMs(): number | undefined {
    return this.#head?.signedAtMs;
  }

  /** The newest checkpoint that the anchors hold, whoever cosigned it. Throws StoreError. */
  get anchored(): AnchoredCheckpoint {
    return this.#orFault(this.#anchored);
  }

  /** The newest checkpoint that may be shown. Throws StoreError. */
  get released(): ReleasedCheckpoint {
    return this.#orFault(this.#released);
  }

  /** The same, or undefined while nothing may be shown. */
  get releasable(): ReleasedCheckpoint | undefined {
    return contradictions.has(this.#fault) ? undefined : this.#released;
  }

  /** The size of the log as it was last known here, anchored or not; -1 while it is not known. */
  get sizeKnown(): number {
    return this.#head?.size ?? -1;
  }

  /** Calls back whenever the anchors hold more, or more may be shown. */
  onNews(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** The head to build on, checked against the anchors and held by them. Rejects with StoreError. */
  async current(): Promise<SignedHead> {
    const known = this.#head;
    if (known !== undefined && this.#fault === undefined && (await this.#isAnchored(known))) return known;
    await this.refresh();
    const head = this.#head;
    if (head === undefined) throw new StoreError(this.#fault ?? 'unavailable', '');
    return head;
  }

  /** The head as a transaction sees it that holds the lock of the log. Rejects with StoreError. */
  async headIn(transaction: ISql): Promise<SignedHead> {
    return await this.#watched(async () => (await this.#readSignedHead(transaction)).head);
  }

  /** Takes a head that was just committed; resolves once the anchors hold it. Rejects with StoreError. */
  async advance(head: SignedHead, tombstones: readonly Tombstone[], from: number): Promise<void> {
    this.#head = head;
    await this.#watched(async () => {
      if (from === this.#buriedTo) await this.#bury(tombstones, head.size);
      await this.#keep(head);
      await this.#release();
    });
  }

  /** The next head is read from the database again: what became of the last batch is not known. */
  forget(): void {
    this.#head = undefined;
  }

  /** Looks at database and anchors, in a look that begins after this call. Rejects with StoreError. */
  refresh(): Promise<void> {
    this.#next ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#running = this.#next ?? Promise.resolve();
        this.#next = undefined;
        return this.#watched(() => this.#look());
      });
    return this.#next;
  }

  async #look(): Promise<void> {
    const { head, anchored } = await this.#readSignedHead(this.#options.database.sql);
    this.#head = head;
    await this.#keep(head, anchored);
    await this.#release();
  }

  async #readSignedHead(sql: ISql): Promise<CheckedHead> {
    const { anchors, signer } = this.#options;
    // First the anchors: they only ever hold what was committed, so the database read after them must have it.
    const anchored = await anchors.newest();
    const head = await this.#readHead(sql);
    await this.#guard.check(anchored, head);
    if (anchored !== undefined && anchored.size >= (this.#anchored?.size ?? 0)) this.#anchored = anchored;
    if (head.note !== undefined) {
      // Nothing can be compared: that somebody took the anchors away must at least be seen.
      if (anchored === undefined && head.size > 0)
        this.#options.log.warn('anchors.empty', { size: head.size });
      return { head: { ...head, note: head.note }, anchored };
    }
    await putCheckpoint(sql, head, signer.sign(head));
    const signed = await readHead(sql);
    await this.#guard.check(anchored, signed);
    if (signed.note === undefined) throw new StoreError('log_forked', '');
    return { head: { ...signed, note: signed.note }, anchored };
  }

  /** The head known here as long as the database agrees with it. */
  async #readHead(sql: ISql): Promise<LogHead> {
    const known = this.#head;
    return known !== undefined && isAt(await readState(sql), known) ? known : await readHead(sql);
  }

  async #isAnchored(head: SignedHead): Promise<boolean> {
    return await this.#watched(async () => {
      const anchored = await this.#options.anchors.newest();
      return anchored !== undefined && isAt(head, anchored);
    });
  }

  /** Tombstones first: a checkpoint in the anchors says that those of its events are there. */
  async #keep(head: SignedHead, anchored?: AnchoredCheckpoint): Promise<void> {
    const { database, metrics } = this.#options;
    if (this.#buriedTo < head.size)
      await this.#bury(await readTombstonesToBury(database, this.#buriedTo, head.size), head.size);
    if (anchored === undefined || !isAt(head, anchored)) await this.#keepOnce(head);
    if (head.size >= (this.#anchored?.size ?? 0)) this.#anchored = head;
    metrics.logSize.set(this.#anchored?.size ?? 0);
  }

  /** A look at the log right after an append finds the anchors still taking the same checkpoint. */
  async #keepOnce(head: SignedHead): Promise<void> {
    const running = this.#keeping;
    if (running !== undefined && isAt(running.head, head)) return await running.done;
    const keeping = { head, done: this.#options.anchors.keep(head) };
    this.#keeping = keeping;
    try {
      await keeping.done;
    } finally {
      if (this.#keeping === keeping) this.#keeping = undefined;
    }
  }

  async #bury(tombstones: readonly Tombstone[], to: number): Promise<void> {
    for (const tombstone of tombstones) await this.#options.anchors.bury(tombstone);
    this.#buriedTo = Math.max(this.#buriedTo, to);
  }

  async #release(): Promise<void> {
    const { database, release } = this.#options;
    const anchored = this.#anchored;
    if (anchored === undefined) return;
    const released = await readReleasable(database.sql, release, anchored);
    if (released !== undefined && released.size >= (this.#released?.size ?? 0)) this.#released = released;
    const news = `${anchored.size} ${this.#released?.note}`;
    if (news === this.#news) return;
    this.#news = news;
    for (const listener of this.#listeners) listener();
  }

  #orFault<T>(value: T | undefined): T {
    if (contradictions.has(this.#fault) || value === undefined)
      throw new StoreError(this.#fault ?? 'unavailable', '');
    return value;
  }

  /** Runs a piece of work and remembers whether the log can go on after it. */
  async #watched<T>(work: () => Promise<T>): Promise<T> {
    try {
      const result = await work();
      this.#remember(undefined);
      return result;
    } catch (error) {
      const known = toStoreError(error);
      this.#remember(known.reason);
      throw known;
    }
  }

  #remember(fault: StoreErrorCode | undefined): void {
    const { metrics, log } = this.#options;
    if (fault === 'anchor_unavailable') metrics.anchorFailed.inc();
    const before = this.#fault;
    this.#fault = fault;
    if (fault === before) return;
    metrics.forkGuard.set(contradictions.has(fault) ? 1 : 0);
    const action = fault === undefined ? undefined : actions[fault];
    if (fault === undefined) log.info('log.goes_on', { size: this.#head?.size });
    else if (action !== undefined) {
      // A head that was contradicted is never taken up again without a look at the database.
      this.#head = undefined;
      log.error('log.stopped', new StoreError(fault, ''), {
        fault,
        action,
        sizeAnchored: this.#anchored?.size,
      });
    }
  }
}
