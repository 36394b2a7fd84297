import type { CatalogProvider, DataPolicy } from '../types.js';
import { compatibleFields } from './first-party.js';

const READ = '2026-11';

const memoryOnly = (
  policy: Pick<DataPolicy, 'conditions' | 'privacyComments' | 'source' | 'featureExclusions'>,
): DataPolicy => ({
  retention: 'none',
  retentionScope: [],
  trains: 'no',
  humanReview: 'unknown',
  zdrAvailable: 'default',
  zdrActive: 'unknown',
  attestationHeader: null,
  asOf: READ,
  confidence: 'vendor',
  ...policy,
});

const openrouter: CatalogProvider = {
  id: 'openrouter',
  dialect: 'openai',
  defaultBaseUrl: 'https://openrouter.ai/api/v1',
  paths: { chat_completions: '/chat/completions' },
  authentication: 'bearer',
  env: { apiKey: 'OPENROUTER_API_KEY', baseUrl: 'OPENROUTER_BASE_URL', region: 'OPENROUTER_REGION' },
  accepts: {
    ...compatibleFields,
    streamUsage: 'always',
    forcedUnderZdr: { provider: '{"zdr":true,"data_collection":"deny"}' },
  },
  regions: [],
  residency: 'global',
  jurisdictionHq: 'US',
  dataPolicy: {
    retention: 'unknown',
    retentionScope: [],
    trains: 'unknown',
    humanReview: 'unknown',
    zdrAvailable: 'self_serve',
    zdrActive: 'unknown',
    attestationHeader: null,
    featureExclusions: ['plugins', 'web_search'],
    conditions: ['gateway_upstream', 'third_party_passthrough'],
    privacyComments:
      'A gateway: what is kept depends on the endpoint that it picks, and on its own logging settings.',
    source: 'https://openrouter.ai/docs/guides/features/zdr',
    asOf: READ,
    confidence: 'vendor',
  },
};

const together: CatalogProvider = {
  id: 'together',
  dialect: 'openai',
  defaultBaseUrl: 'https://api.together.xyz/v1',
  paths: { chat_completions: '/chat/completions', embeddings: '/embeddings' },
  authentication: 'bearer',
  env: { apiKey: 'TOGETHER_API_KEY', baseUrl: 'TOGETHER_BASE_URL', region: 'TOGETHER_REGION' },
  accepts: compatibleFields,
  regions: [],
  residency: 'us',
  jurisdictionHq: 'US',
  dataPolicy: {
    retention: 'until_deleted',
    retentionScope: ['app_state'],
    trains: 'opt_in',
    humanReview: 'unknown',
    zdrAvailable: 'self_serve',
    zdrActive: 'unknown',
    attestationHeader: null,
    featureExclusions: [],
    conditions: ['depends_on_account_setting', 'sources_conflict'],
    privacyComments: 'Prompts and answers are stored unless the organization has switched that off.',
    source: 'https://docs.together.ai/docs/zero-data-retention',
    asOf: READ,
    confidence: 'vendor',
  },
};

const fireworks: CatalogProvider = {
  id: 'fireworks',
  dialect: 'openai',
  defaultBaseUrl: 'https://api.fireworks.ai/inference/v1',
  paths: { chat_completions: '/chat/completions', embeddings: '/embeddings' },
  authentication: 'bearer',
  env: { apiKey: 'FIREWORKS_API_KEY', baseUrl: 'FIREWORKS_BASE_URL', region: 'FIREWORKS_REGION' },
  accepts: compatibleFields,
  regions: [],
  residency: 'us',
  jurisdictionHq: 'US',
  dataPolicy: memoryOnly({
    conditions: ['stored_responses_by_default'],
    featureExclusions: ['responses_store'],
    privacyComments:
      'Open models run in volatile memory; the Responses API stores for 30 days unless told not to.',
    source: 'https://docs.fireworks.ai/guides/security_compliance/data_handling',
  }),
};

const deepinfra: CatalogProvider = {
  id: 'deepinfra',
  dialect: 'openai',
  defaultBaseUrl: 'https://api.deepinfra.com/v1/openai',
  paths: { chat_completions: '/chat/completions', embeddings: '/embeddings' },
  authentication: 'bearer',
  env: { apiKey: 'DEEPINFRA_API_KEY', baseUrl: 'DEEPINFRA_BASE_URL', region: 'DEEPINFRA_REGION' },
  accepts: compatibleFields,
  regions: [],
  residency: 'us',
  jurisdictionHq: 'US',
  dataPolicy: memoryOnly({
    conditions: ['third_party_passthrough'],
    featureExclusions: ['bulk_jobs', 'image_outputs'],
    privacyComments:
      'Text models that it hosts itself stay in memory; models of other vendors are passed on to them.',
    source: 'https://docs.deepinfra.com/account/data-privacy',
  }),
};

export const hostProviders: readonly CatalogProvider[] = [openrouter, together, fireworks, deepinfra];
