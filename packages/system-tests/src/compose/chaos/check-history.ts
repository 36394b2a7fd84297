/** What a client saw of one request. */
export interface Seen {
  readonly requestId: string;
  readonly org: string;
  /** The whole answer came, with status 200 and its end. */
  readonly isComplete: boolean;
  readonly retention: string;
  readonly askedAtMs: number;
}

export interface Billed {
  readonly requestId: string;
  readonly org: string;
  readonly retention: string;
}

/** All that is known of a run, from outside: clients' own books, and what the faces answer afterwards. */
export interface History {
  readonly seen: readonly Seen[];
  readonly billed: readonly Billed[];
  /** When clients knew that an organization's ZDR is effective. */
  readonly zdrSinceMs: Readonly<Record<string, number>>;
  /** As the management API says in the end. */
  readonly zdrStates: Readonly<Record<string, string>>;
}

const countsOf = (ids: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
};

const billing = ({ seen, billed }: History): string[] => {
  const keyOf = ({ org, requestId }: { org: string; requestId: string }): string => `${org} ${requestId}`;
  const counts = countsOf(billed.map(keyOf));
  const unbilled = seen.filter((one) => one.isComplete && !counts.has(keyOf(one)));
  return [
    ...unbilled.map((one) => `completed and not billed: ${keyOf(one)}`),
    ...[...counts].filter(([, count]) => count > 1).map(([key, count]) => `billed ${count} times: ${key}`),
  ];
};

const retention = ({ seen, billed, zdrSinceMs, zdrStates }: History): string[] => {
  const isBound = ({ org, askedAtMs }: Seen): boolean => askedAtMs >= (zdrSinceMs[org] ?? Infinity);
  const kept = seen.filter((one) => isBound(one) && one.retention === 'payload');
  const bound = new Set(seen.filter(isBound).map(({ requestId }) => requestId));
  const keptByBill = billed.filter(
    ({ requestId, retention: how }) => bound.has(requestId) && how === 'payload',
  );
  return [
    ...kept.map(({ org, requestId }) => `kept under ZDR, by the answer: ${org} ${requestId}`),
    ...keptByBill.map(({ org, requestId }) => `kept under ZDR, by the bill: ${org} ${requestId}`),
    ...Object.keys(zdrSinceMs)
      .filter((org) => zdrStates[org] !== 'effective')
      .map((org) => `ZDR was effective and is ${zdrStates[org] ?? 'unknown'}: ${org}`),
  ];
};

/** Everything that must not be, one line each; it knows nothing of how Lethe works. */
export const complaintsAbout = (history: History): string[] => [...billing(history), ...retention(history)];
