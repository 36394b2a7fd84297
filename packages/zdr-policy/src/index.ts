export {
  type Actor,
  decideLoggingChange,
  type LoggingChange,
  type LoggingChangeDecision,
  newKeyLogging,
} from './logging-change.js';
export {
  decideRetention,
  isGrantFor,
  type OrgPolicyState,
  type PayloadGrant,
  type RetentionDecision,
  type RetentionInput,
  stricter,
  type TelemetryOnlyReason,
} from './retention.js';
export { decideZdrEnable, type ZdrEnable, type ZdrEnableDecision } from './zdr-enable.js';
