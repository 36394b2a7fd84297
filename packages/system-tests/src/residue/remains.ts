import { setTimeout as pause } from 'node:timers/promises';
import { type MemoryHit, type MemoryNeedle, scanProcessMemory } from '@lethe/leak-prover';

export interface Remains {
  /** Milliseconds from the end of the case to the start of the scan. */
  readonly afterMs: number;
  readonly hits: readonly MemoryHit[];
}

/** When content must be gone, counted from the end of the answer to the start of a scan. */
export const goneAfterMs = 1_000;
const firstLookMs = 320;

/** Looks until nothing is left or the time is over: what has gone does not come back. */
export const remains = async (pid: number, needles: readonly MemoryNeedle[]): Promise<Remains> => {
  const endedAtMs = performance.now();
  await pause(firstLookMs);
  for (;;) {
    const afterMs = Math.round(performance.now() - endedAtMs);
    const { hits } = await scanProcessMemory(pid, needles);
    if (hits.length === 0 || afterMs >= goneAfterMs) return { afterMs, hits };
    await pause(Math.max(0, goneAfterMs - (performance.now() - endedAtMs)));
  }
};

/** For a person: where how much was left. */
export const describeHits = (hits: readonly MemoryHit[]): string[] =>
  hits.map(
    ({ needle, encoding, kind, runs, bytes }) =>
      `${needle}: ${runs} runs, ${bytes} bytes, ${encoding}, ${kind}`,
  );
