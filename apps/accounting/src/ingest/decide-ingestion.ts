import type { OrgId } from '@lethe/contracts';
import type { PayloadEvidence } from '../store/payload-store.js';

/** What layer 3 makes of a payload record. Only `accepted` keeps it. */
export type IngestionCode =
  | 'accepted'
  | 'org_sealed'
  | 'org_unknown'
  | 'key_unknown'
  | 'key_not_logging'
  | 'transit_key_unknown'
  | 'content_key_invalid'
  | 'raw_request_invalid'
  | 'at_rest_key_missing'
  | 'store_refused'
  | 'malformed'
  | 'too_large'
  | 'unknown_field'
  | 'bad_id'
  | 'bad_length';

export type RefusalCode = Exclude<IngestionCode, 'accepted'>;

/** Payload that should not have left a router: an alarm each time. */
const tripwires = ['org_sealed', 'org_unknown', 'key_not_logging'] as const;
export const isTripwire = (code: IngestionCode): code is (typeof tripwires)[number] =>
  tripwires.some((each) => each === code);

/**
 * Refusals that a copy of a newer setting, still on its way here, may turn. Never `org_sealed`: nothing turns that.
 */
const mayTurn: ReadonlySet<IngestionCode> = new Set(['org_unknown', 'key_unknown', 'key_not_logging']);
export const mayTurnSoon = (code: IngestionCode): boolean => mayTurn.has(code);

/** Layer 3's decision for an organization whose gate is open, on accounting's own copies alone. */
export const decideIngestion = (
  orgId: OrgId,
  evidence: PayloadEvidence,
): 'accepted' | 'key_unknown' | 'key_not_logging' | 'transit_key_unknown' | 'at_rest_key_missing' => {
  if (evidence.keyCopy === undefined || evidence.keyCopy.orgId !== orgId) return 'key_unknown';
  if (evidence.keyCopy.logging !== true) return 'key_not_logging';
  if (evidence.transitKey === undefined) return 'transit_key_unknown';
  if (evidence.atRestKey === undefined) return 'at_rest_key_missing';
  return 'accepted';
};
