import type { UsageReading } from './types.js';

/** Bytes of UTF-8 that one token stands for in an estimate; measured vocabularies lie between 3 and 5 for prose. */
export const bytesPerToken = 4;
/** Share of a request body that is content and not its JSON. */
const contentShare = 0.9;

/**
 * Stated estimate for an answer whose usage never arrived (aborted, cut, or left out by the provider): input as its
 * first event reported it, else from the bytes of the messages; output from the content events of a stream, or from
 * the bytes of a whole body. It is marked `estimated`; it is never zero when content was sent.
 */
export const estimateUsage = (seen: {
  readonly contentBytes: number;
  readonly streaming: boolean;
  readonly contentEvents: number;
  readonly bodyBytes: number;
  readonly inputReported?: UsageReading | undefined;
}): UsageReading => ({
  tokensInput:
    seen.inputReported?.tokensInput ??
    Math.max(1, Math.ceil((seen.contentBytes * contentShare) / bytesPerToken)),
  tokensOutput: seen.streaming
    ? seen.contentEvents
    : Math.ceil((seen.bodyBytes * contentShare) / bytesPerToken),
  tokensCached: seen.inputReported?.tokensCached ?? 0,
  tokensCacheWrite: seen.inputReported?.tokensCacheWrite ?? 0,
  tokensReasoning: 0,
});
