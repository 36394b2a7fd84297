import { describe, expect, it } from '@jest/globals';
import { metricsByApp } from '@lethe/contracts';
import type { EventLogErrorCode } from '@lethe/event-log';
import type { WitnessVerdict } from '@lethe/transparency-log';
import type { Refusal } from './append/read-event.js';
import type { StoreErrorCode } from './store/store-error.js';

/** Every code there is: a new one does not compile before it is named here. */
const refusals: Record<Refusal | StoreErrorCode, true> = {
  not_utf8: true,
  not_json: true,
  not_in_schema: true,
  not_canonical: true,
  too_large: true,
  invalid_event_id: true,
  invalid_org_id: true,
  event_id_differs: true,
  org_id_differs: true,
  inconsistent: true,
  event_id_taken: true,
  event_refused: true,
  queue_full: true,
  log_behind: true,
  log_forked: true,
  anchor_unavailable: true,
  refused: true,
  unavailable: true,
};
type WitnessCode =
  | Extract<WitnessVerdict, { kind: 'refused' }>['code']
  | 'witness_is_ahead'
  | 'size_conflict';
const witnessCodes: Record<WitnessCode, true> = {
  witness_is_ahead: true,
  size_conflict: true,
  request_refused: true,
  signature_refused: true,
  origin_unknown: true,
  proof_refused: true,
  fork: true,
  cosignature_wrong: true,
  answer_malformed: true,
  unavailable: true,
};
const logCodes: Record<EventLogErrorCode, true> = {
  unavailable: true,
  timeout: true,
  severed: true,
  record_too_large: true,
  denied: true,
  unknown_topic: true,
  concurrent_publish: true,
  closed: true,
};

describe('labels of the figures', () => {
  const { audit } = metricsByApp;

  it('list every reason that there is, and other', () => {
    expect([...audit.lethe_audit_append_refused_total.labels.reason].sort()).toEqual(
      [...Object.keys(refusals), 'other'].sort(),
    );
    expect([...audit.lethe_audit_witness_failed_total.labels.reason].sort()).toEqual(
      [...Object.keys(witnessCodes), 'other'].sort(),
    );
    const listed: readonly string[] = audit.lethe_audit_publish_failed_total.labels.reason;
    expect(listed).toEqual(expect.arrayContaining([...Object.keys(logCodes), 'store_unavailable', 'other']));
  });
});
