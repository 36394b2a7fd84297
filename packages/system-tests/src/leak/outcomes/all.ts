import { answered } from './answered.js';
import type { Outcome } from './outcome.js';
import { providerFailures } from './provider-failures.js';
import { rawOutcomes } from './raw.js';
import { refusals, refusedByPolicy } from './refused.js';

/** Every way in which a request can end. */
export const allOutcomes = (): readonly Outcome[] => [
  ...answered,
  ...providerFailures,
  ...refusals,
  ...refusedByPolicy(),
  ...rawOutcomes,
];
