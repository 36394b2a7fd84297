import type { AppendableEvent } from '../append/read-event.js';
import type { PlacedProof } from './log-reader.js';

/** The one way into the log, for gRPC and for what audit itself has to say. */
export interface Intake {
  /**
   * Resolves once the event is in the log and the anchors hold its checkpoint; the same event again gets the same
   * index and a fresh proof. Rejects with StoreError: `event_id_taken`, `event_refused`, `queue_full`, or as LogReader.
   */
  append(event: AppendableEvent): Promise<PlacedProof>;
}
