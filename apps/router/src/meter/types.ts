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
  readonly usage: UsageReading | undefined; // undefined: the provider sent none
  readonly finishReason: FinishReason;
  readonly streamError: boolean; // an error event within the stream
  readonly endMarkSeen: boolean; // data: [DONE]; true for a complete non-stream body
  readonly contentEvents: number; // stream events that carried a choice, for the estimate
  readonly bodyBytes: number;
}
