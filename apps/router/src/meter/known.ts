import type { Known, MeteredDialect } from './dialects.js';

export const nothingKnown: Known = {
  counts: {},
  isFinal: false,
  finishReason: 'unspecified',
  hasError: false,
  hasEnded: false,
};

/** What is known once a later document has been read as well. */
export const learn = (dialect: MeteredDialect, known: Known, later: Known): Known => ({
  counts: countsOf(dialect, known, later),
  isFinal: known.isFinal || later.isFinal,
  finishReason: later.finishReason === 'unspecified' ? known.finishReason : later.finishReason,
  hasError: known.hasError || later.hasError,
  hasEnded: known.hasEnded || later.hasEnded,
});

const hasCounts = ({ counts }: Known): boolean => counts.input !== undefined || counts.output !== undefined;

const countsOf = ({ countsAtStart }: MeteredDialect, known: Known, later: Known): Known['counts'] => {
  if (!hasCounts(later)) return known.counts;
  if (!countsAtStart) return later.counts;
  // A stream that begins a second time says nothing new of its input; only what closes it replaces counts.
  if (!later.isFinal && hasCounts(known)) return known.counts;
  return { ...known.counts, ...later.counts };
};
