import { unknownPolicy } from '../data-policy.js';
import type { CatalogProvider, DataPolicy, ProviderAccepts } from '../types.js';

const READ = '2026-11';

const openAiFields: ProviderAccepts = {
  store: true,
  streamOptions: true,
  unsupportedFields: [],
  streamUsage: 'on_request',
  reasoningTokens: 'in_output',
};
const compatibleFields: ProviderAccepts = {
  ...openAiFields,
  store: false,
  unsupportedFields: [
    'store',
    'metadata',
    'prompt_cache_key',
    'prompt_cache_options',
    'prompt_cache_retention',
  ],
};

export const openAiPaths: CatalogProvider['paths'] = {
  chat_completions: '/chat/completions',
  completions: '/completions',
  responses: '/responses',
  embeddings: '/embeddings',
};

const openAiPolicy: DataPolicy = {
  retention: { days: 30 },
  retentionScope: ['abuse_log', 'app_state', 'cache'],
  trains: 'opt_in',
  humanReview: 'flagged_only',
  zdrAvailable: 'approval',
  zdrActive: 'unknown',
  attestationHeader: null,
  featureExclusions: [
    'background',
    'conversation',
    'previous_response_id',
    'files',
    'containers',
    'remote_mcp',
  ],
  conditions: ['abuse_review'],
  privacyComments:
    'Abuse logs for up to 30 days; zero retention after approval, per organization or project.',
  source: 'https://developers.openai.com/api/docs/guides/your-data',
  asOf: READ,
  confidence: 'vendor',
};

const openai: CatalogProvider = {
  id: 'openai',
  dialect: 'openai',
  defaultBaseUrl: 'https://api.openai.com/v1',
  paths: openAiPaths,
  authentication: 'bearer',
  env: { apiKey: 'OPENAI_API_KEY', baseUrl: 'OPENAI_BASE_URL', region: 'OPENAI_REGION' },
  accepts: openAiFields,
  regions: [
    { id: 'us', residency: 'us' },
    { id: 'eu', residency: 'eu' },
  ],
  residency: 'global',
  jurisdictionHq: 'US',
  dataPolicy: openAiPolicy,
};

const azure: CatalogProvider = {
  id: 'azure',
  dialect: 'openai',
  defaultBaseUrl: null,
  paths: openAiPaths,
  authentication: 'api-key',
  env: { apiKey: 'AZURE_OPENAI_API_KEY', baseUrl: 'AZURE_OPENAI_BASE_URL', region: 'AZURE_OPENAI_REGION' },
  accepts: openAiFields,
  regions: [
    { id: 'swedencentral', residency: 'eu' },
    { id: 'germanywestcentral', residency: 'eu' },
    { id: 'francecentral', residency: 'eu' },
    { id: 'eastus', residency: 'us' },
    { id: 'eastus2', residency: 'us' },
    { id: 'westus3', residency: 'us' },
  ],
  residency: 'unknown',
  jurisdictionHq: 'US',
  dataPolicy: {
    ...unknownPolicy(
      'https://learn.microsoft.com/en-us/azure/foundry/openai/concepts/abuse-monitoring',
      '2026-08-31',
      'Content flagged for abuse review may be kept; switching that off needs approval for the resource.',
    ),
    trains: 'no',
    zdrAvailable: 'approval',
    conditions: ['flagged_content_kept', 'sources_conflict'],
    confidence: 'aggregator',
  },
};

const groq: CatalogProvider = {
  id: 'groq',
  dialect: 'openai',
  defaultBaseUrl: 'https://api.groq.com/openai/v1',
  paths: { chat_completions: '/chat/completions' },
  authentication: 'bearer',
  env: { apiKey: 'GROQ_API_KEY', baseUrl: 'GROQ_BASE_URL', region: 'GROQ_REGION' },
  accepts: { ...compatibleFields, streamUsage: 'always_x_groq' },
  regions: [],
  residency: 'global',
  jurisdictionHq: 'US',
  dataPolicy: {
    retention: 'none',
    retentionScope: [],
    trains: 'no',
    humanReview: 'unknown',
    zdrAvailable: 'self_serve',
    zdrActive: 'unknown',
    attestationHeader: null,
    featureExclusions: ['batch', 'files'],
    conditions: ['troubleshooting_exception'],
    privacyComments:
      'Nothing by default but for reliability and abuse cases, unless Data Controls exclude those.',
    source: 'https://console.groq.com/docs/your-data',
    asOf: READ,
    confidence: 'vendor',
  },
};

const xai: CatalogProvider = {
  id: 'xai',
  dialect: 'openai',
  defaultBaseUrl: 'https://api.x.ai/v1',
  paths: { chat_completions: '/chat/completions', responses: '/responses' },
  authentication: 'bearer',
  env: { apiKey: 'XAI_API_KEY', baseUrl: 'XAI_BASE_URL', region: 'XAI_REGION' },
  accepts: { ...compatibleFields, reasoningTokens: 'beside_output' },
  regions: [],
  residency: 'us',
  jurisdictionHq: 'US',
  dataPolicy: {
    retention: { days: 30 },
    retentionScope: ['abuse_log'],
    trains: 'opt_in',
    humanReview: 'unknown',
    zdrAvailable: 'unknown',
    zdrActive: 'unknown',
    attestationHeader: 'x-zero-data-retention',
    featureExclusions: ['stateful_responses', 'files', 'collections', 'batch'],
    conditions: ['sources_conflict'],
    privacyComments:
      'Kept for 30 days; zero retention per team; each response says in a header whether it is on.',
    source: 'https://docs.x.ai/developers/faq/security',
    asOf: READ,
    confidence: 'vendor',
  },
};

const deepseek: CatalogProvider = {
  id: 'deepseek',
  dialect: 'openai',
  defaultBaseUrl: 'https://api.deepseek.com/v1',
  paths: { chat_completions: '/chat/completions' },
  authentication: 'bearer',
  env: { apiKey: 'DEEPSEEK_API_KEY', baseUrl: 'DEEPSEEK_BASE_URL', region: 'DEEPSEEK_REGION' },
  accepts: compatibleFields,
  regions: [],
  residency: 'unknown',
  jurisdictionHq: 'CN',
  dataPolicy: {
    ...unknownPolicy(
      'https://openrouter.ai/api/frontend/v1/all-providers',
      '2026-08-02',
      'Kept for a time that is not stated, used for training; no zero retention is offered.',
    ),
    trains: 'yes',
    zdrAvailable: 'none',
    zdrActive: 'no',
    confidence: 'aggregator',
  },
};

const mistral: CatalogProvider = {
  id: 'mistral',
  dialect: 'openai',
  defaultBaseUrl: 'https://api.mistral.ai/v1',
  paths: { chat_completions: '/chat/completions', embeddings: '/embeddings' },
  authentication: 'bearer',
  env: { apiKey: 'MISTRAL_API_KEY', baseUrl: 'MISTRAL_BASE_URL', region: 'MISTRAL_REGION' },
  accepts: {
    store: false,
    streamOptions: false,
    unsupportedFields: [
      ...compatibleFields.unsupportedFields,
      'stream_options',
      'user',
      'service_tier',
      'safety_identifier',
    ],
    streamUsage: 'always',
    reasoningTokens: 'in_output',
  },
  regions: [],
  residency: 'eu',
  jurisdictionHq: 'FR',
  dataPolicy: {
    retention: { days: 30 },
    retentionScope: ['abuse_log'],
    trains: 'opt_out',
    humanReview: 'unknown',
    zdrAvailable: 'approval',
    zdrActive: 'unknown',
    attestationHeader: null,
    featureExclusions: ['files', 'batch', 'agents', 'labs_models'],
    conditions: ['abuse_review'],
    privacyComments:
      'Kept for 30 days against abuse; zero retention on request, for stateless endpoints only.',
    source: 'https://docs.mistral.ai/admin/monitor-comply/zero-data-retention',
    asOf: READ,
    confidence: 'aggregator',
  },
};

export const firstPartyProviders: readonly CatalogProvider[] = [openai, azure, groq, xai, deepseek, mistral];
export { compatibleFields, openAiFields };
