import type { AppendableEvent } from '../append/read-event.js';
import type { PlacedProof } from './log-reader.js';

/** Events that shall enter in the order they were given. Once one of them could not, those after it do not either. */
export interface CallOrder {
  broken: boolean;
}

export interface AppendOptions {
  /** Default true. */
  readonly withProof?: boolean | undefined;
  readonly order?: CallOrder | undefined;
}

/** The one way into the log, for gRPC and for what audit itself has to say. */
export interface Intake {
  /**
   * Resolves once the event is in the log and the anchors hold its checkpoint; the same event again gets the same
   * index and a fresh proof. Without a proof, that text is empty. Rejects with StoreError: `event_id_taken`,
   * `event_refused`, `queue_full`, or as LogReader; of these only the first two leave an order whole.
   */
  append(event: AppendableEvent, options?: AppendOptions): Promise<PlacedProof>;
}
