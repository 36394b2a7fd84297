import type { AdminEffect, AdminState, AdminStep, Enabling, Guard, Stream } from './types.js';

/** Runs one part after the other and collects their effects. */
export const inOrder = (state: AdminState, ...parts: ((state: AdminState) => AdminStep)[]): AdminStep => {
  const all: AdminEffect[] = [];
  let current = state;
  for (const part of parts) {
    const [next, effects] = part(current);
    current = next;
    all.push(...effects);
  }
  return [current, all];
};

export const withStream = (state: AdminState, stream: Stream): AdminState => ({
  ...state,
  streams: new Map(state.streams).set(stream.streamId, stream),
});

export const withoutStream = (state: AdminState, streamId: string): AdminState => {
  if (!state.streams.has(streamId)) return state;
  const streams = new Map(state.streams);
  streams.delete(streamId);
  return { ...state, streams };
};

export const withEnabling = (state: AdminState, enabling: Enabling): AdminState => ({
  ...state,
  enablings: new Map(state.enablings).set(enabling.orgId, enabling),
});

export const withoutEnabling = (state: AdminState, orgId: string): AdminState => {
  const enablings = new Map(state.enablings);
  enablings.delete(orgId);
  return { ...state, enablings };
};

/** Asks for a reading of the policy that begins from now on. */
export const load = (state: AdminState): AdminStep => {
  if (state.loadRunning) return [{ ...state, loadAgain: true }, []];
  const loadId = state.loads + 1;
  return [
    { ...state, loads: loadId, loadRunning: true, loadAgain: false },
    [{ type: 'load_policy', loadId }],
  ];
};

/** Stops all grants until an operator repaired the cause. */
export const guarded = (state: AdminState, guard: Guard): AdminStep =>
  state.guard === undefined ? [{ ...state, guard }, [{ type: 'raise', guard }]] : [state, []];
