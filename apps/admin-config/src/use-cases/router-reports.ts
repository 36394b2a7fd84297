import type { policy as wire } from '@lethe/contracts';
import type { Logger } from '@lethe/service-kit';
import { type AuditNote, auditRow } from '../outbox/calls.js';
import { appendToOutbox, type NewOutboxRow } from '../store/outbox.js';
import { lockVersion, notifyChanged } from '../store/version.js';
import { checkRoom, type Deps } from './change.js';
import { selfCaller } from './zdr-census.js';

const everyMs = 60_000;
const routersMax = 1024;

interface Sum {
  readonly routers: Set<string>;
  reports: number;
  lapses: number;
  checks: number;
  checksFailed: number;
  readonly startMs: number;
}

interface ReportsOptions {
  readonly deps: Pick<Deps, 'database' | 'clock'>;
  readonly log: Logger;
  readonly flushEveryMs?: number;
}

const deployment = {
  orgId: undefined,
  target: { kind: 'deployment', id: 'deployment' },
} as const;

/** What routers say of themselves becomes one event of each kind a minute, counted together. */
export class RouterReports {
  #lapsed: Sum | undefined;
  #preflight: Sum | undefined;
  readonly #timer: NodeJS.Timeout;
  #flushing: Promise<void> = Promise.resolve();

  constructor(private readonly options: ReportsOptions) {
    this.#timer = setInterval(() => void this.flush(), options.flushEveryMs ?? everyMs);
    this.#timer.unref();
  }

  note(routerId: string, report: wire.Report): void {
    if (report.leaseLapses > 0n) {
      this.#lapsed = this.#into(this.#lapsed, routerId);
      this.#lapsed.lapses += Math.min(Number(report.leaseLapses), 1_000_000);
    }
    if (report.preflight.length > 0) {
      this.#preflight = this.#into(this.#preflight, routerId);
      this.#preflight.checks += report.preflight.length;
      this.#preflight.checksFailed += report.preflight.filter(({ ok }) => !ok).length;
    }
  }

  /** Writes what was counted. What cannot be written is counted on. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#write());
    return this.#flushing;
  }

  /** Writes the last of it. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  #into(sum: Sum | undefined, routerId: string): Sum {
    const into = sum ?? {
      routers: new Set<string>(),
      ...{ reports: 0, lapses: 0, checks: 0, checksFailed: 0 },
      startMs: this.options.deps.clock(),
    };
    into.reports += 1;
    if (into.routers.size < routersMax) into.routers.add(routerId);
    return into;
  }

  async #write(): Promise<void> {
    const [lapsed, preflight] = [this.#lapsed, this.#preflight];
    if (lapsed === undefined && preflight === undefined) return;
    this.#lapsed = undefined;
    this.#preflight = undefined;
    try {
      await this.#append(lapsed, preflight);
    } catch (error) {
      this.options.log.error('router_reports.failed', error);
      this.#lapsed ??= lapsed;
      this.#preflight ??= preflight;
    }
  }

  async #append(lapsed: Sum | undefined, preflight: Sum | undefined): Promise<void> {
    const { database, clock } = this.options.deps;
    await database.transaction(async (tx) => {
      const version = await lockVersion(tx);
      await checkRoom(tx);
      const now = new Date(clock());
      const row = (note: AuditNote): NewOutboxRow => auditRow(note, selfCaller(), now);
      const facts = ({ routers, startMs }: Sum) => ({
        routers: routers.size,
        start: new Date(startMs).toISOString(),
        end: now.toISOString(),
      });
      const rows: NewOutboxRow[] = [];
      if (lapsed !== undefined) {
        const after = { ...facts(lapsed), lapses: lapsed.lapses, config_version: version.toString() };
        rows.push(row({ ...deployment, type: 'lease.lapsed', outcome: 'success', after }));
      }
      if (preflight !== undefined) {
        const { reports, checks, checksFailed } = preflight;
        const after = { ...facts(preflight), reports, checks, checks_failed: checksFailed };
        rows.push(row({ ...deployment, type: 'router.preflight_reported', outcome: 'success', after }));
      }
      await appendToOutbox(tx, rows, { version, now });
      await notifyChanged(tx);
    });
  }
}
