import { observed, pollEveryMs, swept } from './barrier.js';
import { inOrder, load, withEnabling, withoutEnabling } from './changes.js';
import { reminded } from './streams.js';
import type {
  AdminEffect,
  AdminEvent,
  AdminState,
  AdminStep,
  EnableAnswer,
  EnableCall,
  Enabling,
} from './types.js';

const answerWithinMs = 15_000;
const retryEveryMs = 250;
const enablingsMax = 256;
const waitersMax = 1024;

type Of<T extends AdminEvent['type']> = Extract<AdminEvent, { type: T }>;
type Committed = Enabling & { readonly version: bigint };

const isCommitted = (enabling: Enabling | undefined): enabling is Committed =>
  enabling?.version !== undefined;

const answersTo = (waiters: Enabling['waiters'], enabling: Enabling, answer: EnableAnswer): AdminEffect[] =>
  waiters.map(({ requestId }) => {
    const { orgId, version, evidence } = enabling;
    return { type: 'answer', requestId, orgId, answer, version, evidence };
  });

const beginning = (orgId: string, atMs: number): Enabling => ({
  orgId,
  version: undefined,
  startedMs: atMs,
  firstRead: Number.POSITIVE_INFINITY,
  waiters: [],
  calls: new Map(),
  observations: new Map(),
  acknowledged: new Map(),
  lapsed: new Map(),
  evidence: undefined,
});

const effectOf = (enabling: Enabling, call: EnableCall): AdminEffect | undefined => {
  const { orgId, version, evidence } = enabling;
  if (call === 'commit') return { type: 'commit_zdr', orgId };
  if (version === undefined) return undefined;
  if (call === 'seal') return { type: 'seal_org', orgId, version };
  if (evidence === undefined) return undefined;
  return { type: call === 'audit' ? 'append_audit' : 'confirm_zdr', orgId, version, evidence };
};

/** Which call is due: the barrier and the sealing of accounting run side by side, the rest follows both. */
const dueCall = (state: AdminState, enabling: Enabling): EnableCall | undefined => {
  const done = (call: EnableCall) => enabling.calls.get(call) === 'done';
  if (!isCommitted(enabling)) return 'commit';
  if (!done('seal')) return 'seal';
  if (enabling.evidence === undefined || state.guard !== undefined) return undefined;
  return done('audit') ? 'confirm' : 'audit';
};

/** Starts the call that is due, unless it runs or waits for its next attempt. */
const proceed = (state: AdminState, orgId: string, atMs: number): AdminStep => {
  const enabling = state.enablings.get(orgId);
  const call = enabling === undefined ? undefined : dueCall(state, enabling);
  if (enabling === undefined || call === undefined) return [state, []];
  const progress = enabling.calls.get(call);
  const waits = typeof progress === 'object' && progress.retryAtMs > atMs;
  const effect = effectOf(enabling, call);
  if (progress === 'running' || progress === 'done' || waits || effect === undefined) return [state, []];
  return [
    withEnabling(state, { ...enabling, calls: new Map(enabling.calls).set(call, 'running') }),
    [effect],
  ];
};

/** A caller wants it. Fifty at once share one transaction and get the same answer. */
export const enableZdr = (state: AdminState, event: Of<'enable_zdr'>): AdminStep => {
  const { orgId, requestId, atMs } = event;
  const enabling = state.enablings.get(orgId) ?? beginning(orgId, atMs);
  const crowded = !state.enablings.has(orgId) && state.enablings.size >= enablingsMax;
  const full = crowded || enabling.waiters.length >= waitersMax;
  const waiter = { requestId, untilMs: atMs + answerWithinMs };
  if (full) {
    const answer: EnableAnswer = isCommitted(enabling) ? 'committed_pending' : 'unavailable';
    return [state, answersTo([waiter], enabling, answer)];
  }
  const next = withEnabling(state, { ...enabling, waiters: [...enabling.waiters, waiter] });
  return proceed(next, orgId, atMs);
};

/** From here on it is irrevocable: seal accounting, tell every router, watch the leases. */
const begun = (state: AdminState, enabling: Enabling, version: bigint, atMs: number): AdminStep => {
  const next: Enabling = {
    ...enabling,
    version,
    startedMs: atMs,
    firstRead: state.reads + 1,
    calls: new Map(enabling.calls).set('commit', 'done'),
  };
  return inOrder(
    withEnabling({ ...state, readAfterMs: atMs }, next),
    (s) => proceed(s, enabling.orgId, atMs),
    load,
    (s) => polled(s, atMs),
  );
};

export const zdrCommitted = (state: AdminState, event: Of<'zdr_committed'>): AdminStep => {
  const { orgId, version, effective, atMs } = event;
  const enabling = state.enablings.get(orgId) ?? beginning(orgId, atMs);
  if (effective)
    return [
      withoutEnabling(state, orgId),
      answersTo(enabling.waiters, { ...enabling, version, evidence: undefined }, 'effective'),
    ];
  return isCommitted(enabling) ? [state, []] : begun(state, enabling, version, atMs);
};

export const zdrRefused = (state: AdminState, { orgId }: Of<'zdr_refused'>): AdminStep => {
  const enabling = state.enablings.get(orgId);
  if (enabling === undefined || isCommitted(enabling)) return [state, []];
  return [withoutEnabling(state, orgId), answersTo(enabling.waiters, enabling, 'refused')];
};

/** Another replica, or an earlier life of this one, left it unfinished: the observation starts anew. */
export const pendingFound = (state: AdminState, event: Of<'pending_found'>): AdminStep => {
  const enabling = state.enablings.get(event.orgId) ?? beginning(event.orgId, event.atMs);
  if (isCommitted(enabling) || state.enablings.size >= enablingsMax) return [state, []];
  return begun(state, enabling, event.version, event.atMs);
};

export const callDone = (state: AdminState, { orgId, call, atMs }: Of<'call_done'>): AdminStep => {
  const enabling = state.enablings.get(orgId);
  if (!isCommitted(enabling)) return [state, []];
  if (call === 'confirm')
    return [withoutEnabling(state, orgId), answersTo(enabling.waiters, enabling, 'effective')];
  const next = { ...enabling, calls: new Map(enabling.calls).set(call, 'done' as const) };
  return proceed(withEnabling(state, next), orgId, atMs);
};

export const callFailed = (state: AdminState, { orgId, call, atMs }: Of<'call_failed'>): AdminStep => {
  const enabling = state.enablings.get(orgId);
  if (enabling === undefined) return [state, []];
  const retry = { retryAtMs: atMs + retryEveryMs };
  return [withEnabling(state, { ...enabling, calls: new Map(enabling.calls).set(call, retry) }), []];
};

export const leasesRead = (state: AdminState, event: Of<'leases_read'>): AdminStep =>
  inOrder(
    event.readId === state.reads ? { ...state, readRunning: false } : state,
    (s) => swept(s, event.rows, event.atMs),
    ...[...state.enablings.values()].map((enabling) => (s: AdminState): AdminStep => {
      if (!isCommitted(enabling) || enabling.evidence !== undefined || event.readId < enabling.firstRead)
        return [s, []];
      const seen = { atMs: event.atMs, lapseAfterMs: s.timing.lapseAfterMs };
      return proceed(withEnabling(s, observed(enabling, event.rows, seen)), enabling.orgId, event.atMs);
    }),
  );

/** The rows could not be read: the next poll asks again. */
export const readFailed = (state: AdminState, { readId }: Of<'read_failed'>): AdminStep => [
  readId === state.reads ? { ...state, readRunning: false } : state,
  [],
];

/** Reads the lease rows: often while a barrier stands, reminding routers that are late; else at the pace of renewals. */
export const polled = (state: AdminState, atMs: number): AdminStep => {
  if (state.readRunning || atMs < state.readAfterMs) return [state, []];
  const standing = [...state.enablings.values()].filter(
    (enabling): enabling is Committed => isCommitted(enabling) && enabling.evidence === undefined,
  );
  const readId = state.reads + 1;
  const everyMs = standing.length > 0 ? pollEveryMs(state) : state.timing.renewEveryMs;
  return inOrder(
    { ...state, reads: readId, readRunning: true, readAfterMs: atMs + everyMs },
    (s) => [s, [{ type: 'read_leases', readId }]],
    ...standing.map(
      ({ version }) =>
        (s: AdminState) =>
          reminded(s, atMs, version),
    ),
  );
};

/**
 * Callers that have waited long enough are told that it is committed and goes on; there is no way to cancel. What is
 * not known to be committed is given up with its last caller.
 */
export const impatient = (state: AdminState, atMs: number): AdminStep =>
  inOrder(
    state,
    ...[...state.enablings.values()].map((enabling) => (s: AdminState): AdminStep => {
      const over = enabling.waiters.filter(({ untilMs }) => untilMs <= atMs);
      if (over.length === 0) return [s, []];
      const waiters = enabling.waiters.filter(({ untilMs }) => untilMs > atMs);
      const committed = isCommitted(enabling);
      const next =
        committed || waiters.length > 0
          ? withEnabling(s, { ...enabling, waiters })
          : withoutEnabling(s, enabling.orgId);
      return [next, answersTo(over, enabling, committed ? 'committed_pending' : 'unavailable')];
    }),
  );

export const resumed = (state: AdminState, atMs: number): AdminStep =>
  inOrder(state, ...[...state.enablings.keys()].map((orgId) => (s: AdminState) => proceed(s, orgId, atMs)));
