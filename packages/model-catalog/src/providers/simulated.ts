import type { CatalogProvider } from '../types.js';
import { openAiFields, openAiPaths } from './first-party.js';

/** The provider that answers offline. Its terms are our own: it keeps counts, never what was said. */
export const simulatedProvider: CatalogProvider = {
  id: 'sim',
  dialect: 'openai',
  defaultBaseUrl: null,
  paths: { ...openAiPaths, messages: '/messages', count_tokens: '/messages/count_tokens' },
  authentication: 'bearer',
  env: { apiKey: 'SIM_API_KEY', baseUrl: 'SIM_BASE_URL', region: 'SIM_REGION' },
  accepts: openAiFields,
  regions: [
    { id: 'eu', residency: 'eu' },
    { id: 'us', residency: 'us' },
  ],
  residency: 'global',
  jurisdictionHq: 'unknown',
  dataPolicy: {
    retention: 'none',
    retentionScope: [],
    trains: 'no',
    humanReview: 'no',
    zdrAvailable: 'default',
    zdrActive: 'yes',
    attestationHeader: null,
    featureExclusions: [],
    conditions: [],
    privacyComments: 'Runs on this machine and keeps counts only.',
    source: 'simulated',
    asOf: '2026-11-21',
    confidence: 'vendor',
  },
};
