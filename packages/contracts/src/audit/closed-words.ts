import { type ErrorCode, errorCodes } from '../errors/error-codes.js';
import type { AuditEventType, AuditTargetKind } from './event-types.js';

/** Who acts without an id of its own: the operator, a service, an actor that is not known, or nobody. */
export const auditActorNames = [
  'operator',
  'unknown',
  'none',
  'admin-config',
  'accounting',
  'audit',
  'router',
] as const;

/** What is acted on without an id of its own. */
export const auditTargetNames = ['unknown', 'deployment', 'operator'] as const;

/** The end of the year 9999, milliseconds since 1970: no time of an event is later. */
export const auditTimeMsMax = 253_402_300_799_999;

/** Targets whose id the operator chose, as a bounded name; the ids of all others are UUIDs. */
export const isNamedTarget = (kind: AuditTargetKind): boolean => kind === 'router';

/** What accounting's tripwire tells apart. */
const tripwireCodes = ['org_sealed', 'org_unknown', 'key_not_logging', 'telemetry_contradicts'] as const;

/** Why an attempt may be refused, by type: what the tripwire saw, or an error code of the house. */
export const auditRefusalCodes = (type: AuditEventType): readonly string[] =>
  type === 'tripwire.raised' ? tripwireCodes : (Object.keys(errorCodes) as ErrorCode[]);
