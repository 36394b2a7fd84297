import type {
  AdminEffect,
  AdminState,
  AdminStep,
  BarrierEvidence,
  BarrierWitness,
  Enabling,
  LeaseRow,
  Observation,
} from './types.js';

const keyOf = ({ routerId, bootId }: LeaseRow): string => `${routerId} ${bootId}`;

/**
 * looks at the lease rows as they were read after the commit of `version`. A router is safe when it
 * acknowledged, gave its lease up, or was seen not to renew under an older version for the whole observed term. A
 * grant under `version` or a later one carries the news and never prolongs the wait.
 */
export const observed = (
  enabling: Enabling & { readonly version: bigint },
  rows: readonly LeaseRow[],
  seen: { readonly atMs: number; readonly lapseAfterMs: number },
): Enabling => {
  const { version, startedMs } = enabling;
  const observations = new Map<string, Observation>();
  const acknowledged = new Map(enabling.acknowledged);
  const lapsed = new Map(enabling.lapsed);
  const afterMs = seen.atMs - startedMs;
  for (const row of rows) {
    const key = keyOf(row);
    if (row.firstVersion >= version || acknowledged.has(key) || lapsed.has(key)) continue;
    const witness: BarrierWitness = { routerId: row.routerId, bootId: row.bootId, afterMs };
    if (row.ackedVersion >= version || row.released) {
      acknowledged.set(key, witness);
      continue;
    }
    const before = enabling.observations.get(key);
    const moved = before === undefined || (row.grantedVersion < version && row.renewals !== before.renewals);
    if (moved) observations.set(key, { renewals: row.renewals, sinceMs: seen.atMs });
    else if (seen.atMs - before.sinceMs >= seen.lapseAfterMs) lapsed.set(key, witness);
    else observations.set(key, before);
  }
  const present = new Set(rows.map(keyOf));
  for (const key of enabling.observations.keys()) {
    const [routerId = '', bootId = ''] = key.split(' ');
    // Another replica saw it lapse and removed it.
    if (!present.has(key)) lapsed.set(key, { routerId, bootId, afterMs });
  }
  const evidence: BarrierEvidence | undefined =
    observations.size > 0
      ? undefined
      : { acknowledged: [...acknowledged.values()], lapsed: [...lapsed.values()], tookMs: afterMs };
  return { ...enabling, observations, acknowledged, lapsed, evidence };
};

/** How often the rows are read while a barrier stands. */
export const pollEveryMs = (state: AdminState): number => Math.max(10, state.timing.leaseTtlMs * 0.0025);

/** Removes rows of routers that are gone, so that no later barrier has to wait for them. */
export const swept = (state: AdminState, rows: readonly LeaseRow[], atMs: number): AdminStep => {
  const idle = new Map<string, Observation>();
  const effects: AdminEffect[] = [];
  for (const row of rows) {
    const { routerId, bootId, renewals } = row;
    const before = state.idle.get(keyOf(row));
    const still = before?.renewals === renewals ? before : { renewals, sinceMs: atMs };
    idle.set(keyOf(row), still);
    if (atMs - still.sinceMs >= state.timing.lapseAfterMs)
      effects.push({ type: 'forget_lease', routerId, bootId, renewals });
  }
  return [{ ...state, idle }, effects];
};
