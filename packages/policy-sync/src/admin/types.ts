import type { LeaseTiming } from '../timing.js';

/** A lease as it is kept in the config database: one row for each life of a router. */
export interface LeaseRow {
  readonly routerId: string;
  readonly bootId: string;
  /** Version of its first grant. */
  readonly firstVersion: bigint;
  /** Version of its latest grant, read in the transaction that made it. Never decreases. */
  readonly grantedVersion: bigint;
  /** Counts its grants. */
  readonly renewals: bigint;
  readonly ackedVersion: bigint; // 0: none
  /** The router gave it up, with nothing under way. */
  readonly released: boolean;
}

/** A router in the evidence, and how long after the barrier began it was known to be safe, on the observer's clock. */
export interface BarrierWitness {
  readonly routerId: string;
  readonly bootId: string;
  readonly afterMs: number;
}

export interface BarrierEvidence {
  readonly acknowledged: readonly BarrierWitness[];
  readonly lapsed: readonly BarrierWitness[];
  /** From the commit to the moment the last router was safe. */
  readonly tookMs: number;
}

/** Why no lease is granted and no ZDR confirmed until an operator repaired it. */
export type Guard =
  | 'anchors_ahead'
  | 'database_behind'
  | 'router_ahead'
  | 'router_remembers'
  | 'zdr_forgotten';

export interface Stream {
  readonly streamId: string;
  readonly routerId: string;
  readonly bootId: string;
  readonly haveVersion: bigint;
  /** The load that must have finished before it is sent anything. */
  readonly joinLoad: number;
  /** Everything up to this version has been delivered in order; 0: nothing yet. */
  readonly deliveredVersion: bigint;
  /** Grants made but not sent, because what they carry has not been delivered. */
  readonly waiting: readonly { readonly nonce: bigint; readonly version: bigint }[];
  readonly ackedVersion: bigint;
  readonly pushedMs: number;
  readonly nacks: number;
}

export interface Observation {
  readonly renewals: bigint;
  readonly sinceMs: number;
}

/** The calls to one service or database that EnableZDR makes; each is idempotent and repeated until it succeeded. */
export type EnableCall = 'commit' | 'seal' | 'audit' | 'confirm';

/** One EnableZDR under way in this replica. Nothing in it need survive: another replica starts from the rows. */
export interface Enabling {
  readonly orgId: string;
  /** Undefined until the first transaction committed. From then on it is irrevocable. */
  readonly version: bigint | undefined;
  readonly startedMs: number;
  /** Reads of the lease rows count only from this one on: it began after the commit. */
  readonly firstRead: number;
  readonly waiters: readonly { readonly requestId: string; readonly untilMs: number }[];
  readonly calls: ReadonlyMap<EnableCall, 'running' | 'done' | { readonly retryAtMs: number }>;
  readonly observations: ReadonlyMap<string, Observation>;
  readonly acknowledged: ReadonlyMap<string, BarrierWitness>;
  readonly lapsed: ReadonlyMap<string, BarrierWitness>;
  readonly evidence: BarrierEvidence | undefined;
}

export interface AdminState {
  readonly timing: LeaseTiming;
  readonly version: bigint;
  readonly zdrOrgIds: ReadonlySet<string>;
  /** One reading of the policy at a time: what is asked for meanwhile is read once more afterwards. */
  readonly loads: number;
  readonly loadRunning: boolean;
  readonly loadAgain: boolean;
  readonly reads: number;
  readonly readRunning: boolean;
  readonly readAfterMs: number;
  readonly guard: Guard | undefined;
  readonly streams: ReadonlyMap<string, Stream>;
  readonly enablings: ReadonlyMap<string, Enabling>;
  /** Every lease row as this replica sees it stand still. */
  readonly idle: ReadonlyMap<string, Observation>;
}

/** What an EnableZDR answers. `refused`: nothing was changed. `unavailable`: not known to have been changed; ask again. */
export type EnableAnswer = 'effective' | 'committed_pending' | 'refused' | 'unavailable';

/** `atMs`: this replica's own monotonic clock, read when the event is handled. */
export type AdminEvent = { readonly atMs: number } & (
  | {
      readonly type: 'hello';
      readonly streamId: string;
      readonly routerId: string;
      readonly bootId: string;
      readonly haveVersion: bigint;
    }
  | { readonly type: 'renew'; readonly streamId: string; readonly nonce: bigint }
  | { readonly type: 'ack'; readonly streamId: string; readonly version: bigint }
  | { readonly type: 'nack'; readonly streamId: string; readonly reason: string }
  | { readonly type: 'release'; readonly streamId: string }
  | { readonly type: 'closed'; readonly streamId: string }
  /** The grant transaction committed; `version` was read in it. */
  | {
      readonly type: 'grant_committed';
      readonly streamId: string;
      readonly nonce: bigint;
      readonly version: bigint;
    }
  /** The row knows this nonce or a later one: a router was set back to an earlier state. */
  | { readonly type: 'grant_refused'; readonly streamId: string }
  /** Some replica committed a change: NOTIFY, or the poll. */
  | { readonly type: 'changed' }
  | {
      readonly type: 'policy_loaded';
      readonly loadId: number;
      readonly version: bigint;
      readonly zdrOrgIds: readonly string[];
    }
  | { readonly type: 'load_failed'; readonly loadId: number }
  | { readonly type: 'leases_read'; readonly readId: number; readonly rows: readonly LeaseRow[] }
  | { readonly type: 'read_failed'; readonly readId: number }
  | { readonly type: 'enable_zdr'; readonly orgId: string; readonly requestId: string }
  /** The first transaction committed, now or by an earlier call. */
  | {
      readonly type: 'zdr_committed';
      readonly orgId: string;
      readonly version: bigint;
      readonly effective: boolean;
    }
  /** Nothing was changed. */
  | { readonly type: 'zdr_refused'; readonly orgId: string }
  /** Found in the database: committed, not effective yet. */
  | { readonly type: 'pending_found'; readonly orgId: string; readonly version: bigint }
  | { readonly type: 'call_done'; readonly orgId: string; readonly call: Exclude<EnableCall, 'commit'> }
  | { readonly type: 'call_failed'; readonly orgId: string; readonly call: EnableCall }
  /** Found from outside: the anchors know more than the database, or another replica raised it. */
  | { readonly type: 'guard_found'; readonly guard: Guard }
  | { readonly type: 'repaired' }
  | { readonly type: 'tick' }
);

export type AdminEffect =
  /** Sends what leads from a version to the latest loaded one; from undefined: a snapshot. */
  | {
      readonly type: 'push';
      readonly streamId: string;
      readonly fromVersion: bigint | undefined;
      readonly version: bigint;
    }
  | {
      readonly type: 'grant';
      readonly streamId: string;
      readonly nonce: bigint;
      readonly ttlMs: number;
      readonly version: bigint;
    }
  | { readonly type: 'cut'; readonly streamId: string; readonly code: CutCode }
  /** One transaction: read the version FOR SHARE, upsert the lease row with it, commit. */
  | {
      readonly type: 'grant_transaction';
      readonly streamId: string;
      readonly routerId: string;
      readonly bootId: string;
      readonly nonce: bigint;
    }
  /** `acked_version = greatest(acked_version, version)` of that row. */
  | {
      readonly type: 'record_ack';
      readonly routerId: string;
      readonly bootId: string;
      readonly version: bigint;
    }
  /** Marks that row released. */
  | { readonly type: 'release_lease'; readonly routerId: string; readonly bootId: string }
  /** Deletes that row, if it still has this count: it lapsed. */
  | {
      readonly type: 'forget_lease';
      readonly routerId: string;
      readonly bootId: string;
      readonly renewals: bigint;
    }
  | { readonly type: 'load_policy'; readonly loadId: number }
  | { readonly type: 'read_leases'; readonly readId: number }
  | { readonly type: 'commit_zdr'; readonly orgId: string }
  | { readonly type: 'seal_org'; readonly orgId: string; readonly version: bigint }
  | {
      readonly type: 'append_audit';
      readonly orgId: string;
      readonly version: bigint;
      readonly evidence: BarrierEvidence;
    }
  | {
      readonly type: 'confirm_zdr';
      readonly orgId: string;
      readonly version: bigint;
      readonly evidence: BarrierEvidence;
    }
  | {
      readonly type: 'answer';
      readonly requestId: string;
      readonly orgId: string;
      readonly answer: EnableAnswer;
      readonly version: bigint | undefined;
      readonly evidence: BarrierEvidence | undefined;
    }
  | { readonly type: 'raise'; readonly guard: Guard };

export type CutCode =
  | 'hello_first'
  | 'hello_twice'
  | 'ahead'
  | 'nonce_reused'
  | 'keeps_refusing'
  | 'too_many';

export type AdminStep = readonly [AdminState, readonly AdminEffect[]];
