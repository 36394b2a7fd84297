import type { FinishReason } from '@lethe/contracts';

/** Token counts as the provider reported them. Input includes cached and cache-write, output includes reasoning. */
export interface UsageReading {
  readonly tokensInput: number;
  readonly tokensOutput: number;
  readonly tokensCached: number;
  readonly tokensCacheWrite: number;
  readonly tokensReasoning: number;
}

/** What the meter learned from the bytes of one response, without holding any of its text. */
export interface ResponseReading {
  readonly usage: UsageReading | undefined; // undefined: the provider sent none, or only of the input
  /** Of a stream that was left: the input as its first event counted it, when that is all that is known. */
  readonly inputReported?: UsageReading | undefined;
  readonly finishReason: FinishReason;
  readonly streamError: boolean; // an error event of the dialect
  readonly endMarkSeen: boolean; // the event that ends a stream of the dialect; of a body: it is one whole document
  readonly contentEvents: number; // of a stream: events with content, in tokens, for the estimate
  readonly bodyBytes: number;
  /** Bytes that may be output of a model; absent: all. */
  readonly outputBytes?: number | undefined;
}
