import type { DataPolicy, PolicyCondition } from './types.js';

/** Nothing is known: no filter passes. */
export const unknownPolicy = (source: string, asOf: string, privacyComments: string): DataPolicy => ({
  retention: 'unknown',
  retentionScope: [],
  trains: 'unknown',
  humanReview: 'unknown',
  zdrAvailable: 'unknown',
  zdrActive: 'unknown',
  attestationHeader: null,
  featureExclusions: [],
  conditions: [],
  privacyComments,
  source,
  asOf,
  confidence: 'inferred',
});

/** Whether the provider keeps nothing, as far as its own documents say, with the conditions the organization accepts. */
export const satisfiesNoRetention = (
  policy: DataPolicy,
  accepted: readonly PolicyCondition[] = [],
): boolean =>
  policy.confidence === 'vendor' &&
  (policy.retention === 'none' || policy.zdrActive === 'yes') &&
  policy.conditions.every((condition) => accepted.includes(condition));

/** Whether the provider says that it does not train on what it is sent. Opt-in and opt-out need an account's own record. */
export const satisfiesNoTraining = (policy: DataPolicy): boolean =>
  policy.confidence === 'vendor' && policy.trains === 'no' && !policy.conditions.includes('sources_conflict');
