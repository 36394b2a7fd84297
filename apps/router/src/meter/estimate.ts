import type { UsageReading } from './types.js';

/** Bytes of UTF-8 that one token stands for in an estimate; measured vocabularies lie between 3 and 5 for prose. */
const bytesPerToken = 4;
/** Share of a request body that is content and not its JSON. */
const contentShare = 0.9;

/**
 * Stated estimate for an answer whose usage never arrived (aborted, cut, or left out by the provider): input from
 * the bytes of the messages, output one token for each content event of a stream, or from the bytes of a whole body.
 * It is marked `estimated`; it is never zero when content was sent.
 */
export const estimateUsage = (seen: {
  readonly contentBytes: number;
  readonly streaming: boolean;
  readonly contentEvents: number;
  readonly bodyBytes: number;
}): UsageReading => ({
  tokensInput: Math.max(1, Math.ceil((seen.contentBytes * contentShare) / bytesPerToken)),
  tokensOutput: seen.streaming
    ? seen.contentEvents
    : Math.ceil((seen.bodyBytes * contentShare) / bytesPerToken),
  tokensCached: 0,
  tokensCacheWrite: 0,
  tokensReasoning: 0,
});
