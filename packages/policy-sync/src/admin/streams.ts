import { guarded, inOrder, load, withoutStream, withStream } from './changes.js';
import type { AdminEffect, AdminEvent, AdminState, AdminStep, CutCode, Stream } from './types.js';

const streamsMax = 1024;
const nacksMax = 3;
const waitingMax = 16;

type Of<T extends AdminEvent['type']> = Extract<AdminEvent, { type: T }>;

const cut = (state: AdminState, streamId: string, code: CutCode): AdminStep => [
  withoutStream(state, streamId),
  [{ type: 'cut', streamId, code }],
];

/** A router says who it is. It gets nothing before the policy was read after this moment. */
export const hello = (state: AdminState, event: Of<'hello'>): AdminStep => {
  if (state.streams.has(event.streamId)) return cut(state, event.streamId, 'hello_twice');
  if (state.streams.size >= streamsMax) return cut(state, event.streamId, 'too_many');
  const { streamId, routerId, bootId, haveVersion } = event;
  const stream: Stream = {
    streamId,
    routerId,
    bootId,
    haveVersion,
    joinLoad: state.loads + 1,
    deliveredVersion: 0n,
    waiting: [],
    ackedVersion: 0n,
    pushedMs: event.atMs,
    nacks: 0,
  };
  return load(withStream(state, stream));
};

/** A-2, first half: the grant is a transaction that reads the version itself. */
export const renew = (state: AdminState, { streamId, nonce }: Of<'renew'>): AdminStep => {
  const stream = state.streams.get(streamId);
  if (stream === undefined) return cut(state, streamId, 'hello_first');
  if (state.guard !== undefined) return [state, []];
  const { routerId, bootId } = stream;
  return [state, [{ type: 'grant_transaction', streamId, routerId, bootId, nonce }]];
};

/** A-2, second half: sent only when its transaction committed, and after every delta up to its version. */
export const grantCommitted = (state: AdminState, event: Of<'grant_committed'>): AdminStep => {
  const stream = state.streams.get(event.streamId);
  if (stream === undefined || state.guard !== undefined) return [state, []];
  const { streamId, nonce, version } = event;
  if (version <= stream.deliveredVersion)
    return [state, [{ type: 'grant', streamId, nonce, ttlMs: state.timing.leaseTtlMs, version }]];
  const waiting = [...stream.waiting, { nonce, version }].slice(-waitingMax);
  return load(withStream(state, { ...stream, waiting }));
};

export const grantRefused = (state: AdminState, { streamId }: Of<'grant_refused'>): AdminStep =>
  cut(state, streamId, 'nonce_reused');

export const acked = (state: AdminState, { streamId, version }: Of<'ack'>): AdminStep => {
  const stream = state.streams.get(streamId);
  if (stream === undefined) return cut(state, streamId, 'hello_first');
  // An acknowledgement that comes before its policy was delivered here is repeated after the delivery.
  if (version > stream.deliveredVersion) return [state, []];
  const ackedVersion = version > stream.ackedVersion ? version : stream.ackedVersion;
  const { routerId, bootId } = stream;
  return [
    withStream(state, { ...stream, ackedVersion, nacks: 0 }),
    [{ type: 'record_ack', routerId, bootId, version }],
  ];
};

export const nacked = (state: AdminState, event: Of<'nack'>): AdminStep => {
  const stream = state.streams.get(event.streamId);
  if (stream === undefined) return cut(state, event.streamId, 'hello_first');
  if (event.reason === 'zdr_regression') {
    return inOrder(
      state,
      (s) => guarded(s, 'router_remembers'),
      (s) => cut(s, event.streamId, 'ahead'),
    );
  }
  if (stream.nacks >= nacksMax) return cut(state, event.streamId, 'keeps_refusing');
  const next = { ...stream, nacks: stream.nacks + 1, joinLoad: state.loads + 1, deliveredVersion: 0n };
  return load(withStream(state, next));
};

export const releasedBy = (state: AdminState, { streamId }: Of<'release'>): AdminStep => {
  const stream = state.streams.get(streamId);
  if (stream === undefined) return [state, []];
  const { routerId, bootId } = stream;
  return [withoutStream(state, streamId), [{ type: 'release_lease', routerId, bootId }]];
};

/** Brings one stream up to date with what was loaded, then sends the grants that waited for it. */
const advanced = (state: AdminState, before: Stream, atMs: number, loadId: number): AdminStep => {
  if (loadId < before.joinLoad) return [state, []];
  if (before.deliveredVersion === 0n && before.haveVersion > state.version) {
    return inOrder(
      state,
      (s) => guarded(s, 'router_ahead'),
      (s) => cut(s, before.streamId, 'ahead'),
    );
  }
  if (before.deliveredVersion >= state.version) return [state, []];
  const { streamId } = before;
  const fromVersion = before.deliveredVersion === 0n ? undefined : before.deliveredVersion;
  const effects: AdminEffect[] = [{ type: 'push', streamId, fromVersion, version: state.version }];
  const ready = state.guard === undefined ? before.waiting : [];
  const ttlMs = state.timing.leaseTtlMs;
  for (const { nonce, version } of ready) {
    if (version <= state.version) effects.push({ type: 'grant', streamId, nonce, ttlMs, version });
  }
  const stream: Stream = {
    ...before,
    deliveredVersion: state.version,
    pushedMs: atMs,
    waiting: before.waiting.filter(({ version }) => version > state.version),
  };
  return [withStream(state, stream), effects];
};

/** Every stream that is behind gets the difference, in order. Going back trips the guard (I1). */
const taken = (state: AdminState, event: Of<'policy_loaded'>): AdminStep => {
  const members = new Set(event.zdrOrgIds);
  if (event.version < state.version) return guarded(state, 'database_behind');
  const forgotten = [...state.zdrOrgIds].some((orgId) => !members.has(orgId));
  const zdrOrgIds = new Set([...state.zdrOrgIds, ...members]);
  const next: AdminState = { ...state, version: event.version, zdrOrgIds };
  return inOrder(
    next,
    (s) => (forgotten ? guarded(s, 'zdr_forgotten') : [s, []]),
    ...[...next.streams.values()].map(
      (stream) => (s: AdminState) => advanced(s, stream, event.atMs, event.loadId),
    ),
  );
};

/** The policy was read. */
export const policyLoaded = (state: AdminState, event: Of<'policy_loaded'>): AdminStep => {
  if (!state.loadRunning || event.loadId !== state.loads) return [state, []];
  return inOrder(
    { ...state, loadRunning: false },
    (s) => taken(s, event),
    (s) => (s.loadAgain ? load(s) : [s, []]),
  );
};

/** The policy could not be read: the next tick asks again. */
export const loadFailed = (state: AdminState, { loadId }: Of<'load_failed'>): AdminStep =>
  loadId === state.loads ? [{ ...state, loadRunning: false, loadAgain: true }, []] : [state, []];

/** Says it again to routers that have not acknowledged: the delta or its acknowledgement may have been lost. */
export const reminded = (state: AdminState, atMs: number, version: bigint): AdminStep => {
  const late = [...state.streams.values()].filter(
    (stream) =>
      stream.deliveredVersion >= version &&
      stream.ackedVersion < version &&
      atMs - stream.pushedMs >= state.timing.renewEveryMs,
  );
  return inOrder(
    state,
    ...late.map((stream) => (s: AdminState): AdminStep => {
      const { streamId } = stream;
      const effect: AdminEffect = { type: 'push', streamId, fromVersion: undefined, version: s.version };
      return [withStream(s, { ...stream, pushedMs: atMs, deliveredVersion: s.version }), [effect]];
    }),
  );
};
