/** A quantile of latencies, for people: `3.2 ms`. */
export const quantile = (latenciesMs: readonly number[], q: number): string => {
  const sorted = [...latenciesMs].sort((a, b) => a - b);
  const at = Math.min(sorted.length - 1, Math.floor(sorted.length * q));
  return `${(sorted[at] ?? 0).toFixed(1)} ms`;
};
