import { status } from '@grpc/grpc-js';
import type { RefusedEvent } from '../append/read-event.js';
import { StoreError, type StoreErrorCode } from '../store/store-error.js';

/** What a call that is refused is answered: constant texts, and names of fields of ours. */
export interface Refused {
  readonly code: status;
  readonly details: string;
  /** For the figures: one of a closed list. */
  readonly reason: string;
}

const details: Record<RefusedEvent['refusal'], string> = {
  too_large: 'the event has more than 60000 bytes',
  invalid_event_id: 'event_id is not a UUIDv7',
  invalid_org_id: 'org_id is not a UUID',
  not_utf8: 'the event is not UTF-8',
  not_json: 'the event is not JSON',
  not_in_schema: 'the event does not match the schema of audit events',
  not_canonical: 'the event is not canonical JSON',
  event_id_differs: 'the event has another id than the call',
  org_id_differs: 'the event has another organization than the call',
  inconsistent: 'fields of the event contradict one another',
};

/** The answer to an event that is not taken. */
export const refusalOf = ({ refusal, field }: RefusedEvent): Refused => ({
  code: status.INVALID_ARGUMENT,
  details: field === undefined ? details[refusal] : `${details[refusal]}: ${field}`,
  reason: refusal,
});

const failures: Record<StoreErrorCode, readonly [status, string]> = {
  event_id_taken: [status.ALREADY_EXISTS, 'another event has this id'],
  event_refused: [status.INVALID_ARGUMENT, 'the audit store does not take this event'],
  queue_full: [status.RESOURCE_EXHAUSTED, 'too many events wait'],
  log_behind: [status.UNAVAILABLE, 'the log is behind its anchor'],
  log_forked: [status.UNAVAILABLE, 'the log forked'],
  anchor_unavailable: [status.UNAVAILABLE, 'the anchor cannot be written'],
  refused: [status.UNAVAILABLE, 'the audit store is not available'],
  unavailable: [status.UNAVAILABLE, 'the audit store is not available'],
};

/** The answer to a call that failed behind the intake. */
export const failureOf = (error: unknown): Refused => {
  const reason = error instanceof StoreError ? error.reason : 'unavailable';
  const [code, text] = failures[reason];
  return { code, details: text, reason };
};
