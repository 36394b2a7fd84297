import { ownField } from './own-field.js';

/** What is known of the organization's policy: a current snapshot, none at all, or one that may be outdated. */
export type OrgPolicyState = 'known' | 'unknown' | 'stale';

/** What the decision may look at. `wish` is what the request or the key asked for; it can only tighten. */
export interface RetentionInput {
  readonly orgPolicy: OrgPolicyState;
  readonly zdr: boolean;
  readonly keyLogging: boolean;
  readonly sealingKey: boolean;
  readonly wish: 'none' | 'telemetry_only';
}

export type TelemetryOnlyReason =
  | 'policy_unknown'
  | 'policy_stale'
  | 'zdr'
  | 'logging_off'
  | 'no_sealing_key'
  | 'caller_wish';

declare const grantBrand: unique symbol;

/** Proof that the policy said yes for one request. It carries nothing: only this module knows what it is for. */
export interface PayloadGrant {
  readonly [grantBrand]: true;
}

export type RetentionDecision =
  | { readonly kind: 'telemetry_only'; readonly reason: TelemetryOnlyReason }
  | { readonly kind: 'payload_granted'; readonly grant: PayloadGrant };

/** Strictest first: the order in which the rules are asked, and the order that settles two refusals. */
const REASONS: readonly TelemetryOnlyReason[] = [
  'policy_unknown',
  'policy_stale',
  'zdr',
  'logging_off',
  'no_sealing_key',
  'caller_wish',
];

// A copy, a clone or a look-alike of a grant is another object, and no other object is a key of this map.
const requestIdOfGrant = new WeakMap<object, string>();

/**
 * Decides what may be kept of one request. A payload is granted only if every input is exactly its permissive value;
 * anything else, malformed input included, is telemetry only, with the first rule that refused as the reason.
 */
export function decideRetention(requestId: string, input: RetentionInput): RetentionDecision {
  if (!isRequestId(requestId)) return telemetryOnly('policy_unknown');
  const refusal = firstRefusal(input);
  return refusal === undefined ? payloadGranted(requestId) : telemetryOnly(refusal);
}

/** Whether this very object is a grant that was made for this request. Never throws. */
export function isGrantFor(grant: PayloadGrant, requestId: string): boolean {
  return isRequestId(requestId) && requestIdOfGrant.get(grant) === requestId;
}

/**
 * Joins two decisions about one request: a payload stays granted only if both granted it, each with a real grant for
 * the same request. Of two refusals the strictest reason stands.
 */
export function stricter(first: RetentionDecision, second: RetentionDecision): RetentionDecision {
  const strictest = Math.min(rank(first), rank(second));
  const reason = REASONS[strictest];
  if (reason !== undefined) return telemetryOnly(reason);
  return grantedRequest(first) === grantedRequest(second) ? second : telemetryOnly('policy_unknown');
}

function firstRefusal(input: RetentionInput): TelemetryOnlyReason | undefined {
  const orgPolicy = ownField(input, 'orgPolicy');
  if (orgPolicy === 'stale') return 'policy_stale';
  if (orgPolicy !== 'known') return 'policy_unknown';
  if (ownField(input, 'zdr') !== false) return 'zdr';
  if (ownField(input, 'keyLogging') !== true) return 'logging_off';
  if (ownField(input, 'sealingKey') !== true) return 'no_sealing_key';
  if (ownField(input, 'wish') !== 'none') return 'caller_wish';
  return undefined;
}

/** Position of a decision in REASONS; past its end for a real grant, and the strictest for what is no decision. */
function rank(decision: RetentionDecision): number {
  if (grantedRequest(decision) !== undefined) return REASONS.length;
  const reason = ownField(decision, 'reason') as TelemetryOnlyReason;
  return Math.max(0, REASONS.indexOf(reason));
}

function grantedRequest(decision: RetentionDecision): string | undefined {
  if (ownField(decision, 'kind') !== 'payload_granted') return undefined;
  return requestIdOfGrant.get(ownField(decision, 'grant') as object);
}

function telemetryOnly(reason: TelemetryOnlyReason): RetentionDecision {
  return Object.freeze({ kind: 'telemetry_only', reason });
}

function payloadGranted(requestId: string): RetentionDecision {
  const grant = Object.freeze(Object.create(null)) as PayloadGrant;
  requestIdOfGrant.set(grant, requestId);
  return Object.freeze({ kind: 'payload_granted', grant });
}

function isRequestId(requestId: unknown): requestId is string {
  return typeof requestId === 'string' && requestId.length > 0;
}
