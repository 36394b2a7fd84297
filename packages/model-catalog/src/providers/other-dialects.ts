import { unknownPolicy } from '../data-policy.js';
import type { CatalogProvider, ProviderAccepts } from '../types.js';

const ownDialect: ProviderAccepts = {
  store: false,
  streamOptions: false,
  unsupportedFields: ['store', 'stream_options'],
  streamUsage: 'always',
  reasoningTokens: 'in_output',
};

const anthropic: CatalogProvider = {
  id: 'anthropic',
  dialect: 'anthropic',
  defaultBaseUrl: 'https://api.anthropic.com',
  paths: { messages: '/v1/messages', count_tokens: '/v1/messages/count_tokens' },
  authentication: 'x-api-key',
  env: { apiKey: 'ANTHROPIC_API_KEY', baseUrl: 'ANTHROPIC_BASE_URL', region: 'ANTHROPIC_REGION' },
  accepts: ownDialect,
  regions: [],
  residency: 'global',
  jurisdictionHq: 'US',
  dataPolicy: {
    retention: { days: 30 },
    retentionScope: ['abuse_log'],
    trains: 'no',
    humanReview: 'flagged_only',
    zdrAvailable: 'contract',
    zdrActive: 'unknown',
    attestationHeader: null,
    featureExclusions: ['files', 'batch', 'skills', 'container', 'beta_features'],
    conditions: ['flagged_content_kept'],
    privacyComments:
      'Kept for 30 days, longer when flagged; zero retention by contract, for part of the features.',
    source: 'https://platform.claude.com/docs/en/build-with-claude/api-and-data-retention',
    asOf: '2026-11',
    confidence: 'vendor',
  },
};

const gemini: CatalogProvider = {
  id: 'gemini',
  dialect: 'gemini',
  defaultBaseUrl: 'https://generativelanguage.googleapis.com/v1beta',
  paths: {},
  authentication: 'x-goog-api-key',
  env: { apiKey: 'GEMINI_API_KEY', baseUrl: 'GEMINI_BASE_URL', region: 'GEMINI_REGION' },
  accepts: ownDialect,
  regions: [],
  residency: 'global',
  jurisdictionHq: 'US',
  dataPolicy: {
    ...unknownPolicy(
      'https://ai.google.dev/gemini-api/docs/zdr',
      '2026-11',
      'Paid use is logged against abuse for a limited time; the free tier may be used for training.',
    ),
    retentionScope: ['abuse_log'],
    zdrAvailable: 'unknown',
    featureExclusions: ['cached_content', 'files', 'grounding', 'interactions', 'live_resumption'],
    conditions: ['sources_conflict', 'depends_on_account_setting'],
  },
};

const bedrock: CatalogProvider = {
  id: 'bedrock',
  dialect: 'bedrock',
  defaultBaseUrl: null,
  paths: {},
  authentication: 'bearer',
  env: { apiKey: 'AWS_BEARER_TOKEN_BEDROCK', baseUrl: 'BEDROCK_BASE_URL', region: 'AWS_REGION' },
  accepts: ownDialect,
  regions: [
    { id: 'eu-central-1', residency: 'eu' },
    { id: 'eu-west-1', residency: 'eu' },
    { id: 'eu-west-3', residency: 'eu' },
    { id: 'eu-north-1', residency: 'eu' },
    { id: 'us-east-1', residency: 'us' },
    { id: 'us-east-2', residency: 'us' },
    { id: 'us-west-2', residency: 'us' },
    { id: 'ap-northeast-1', residency: 'global' },
    { id: 'ap-southeast-1', residency: 'global' },
  ],
  residency: 'unknown',
  jurisdictionHq: 'US',
  dataPolicy: {
    retention: 'unknown',
    retentionScope: ['invocation_log', 'abuse_log'],
    trains: 'opt_in',
    humanReview: 'unknown',
    zdrAvailable: 'self_serve',
    zdrActive: 'unknown',
    attestationHeader: null,
    featureExclusions: ['background', 'store'],
    conditions: ['depends_on_account_setting'],
    privacyComments: 'Set per account and region; unknown until the mode of the region in use has been read.',
    source: 'https://docs.aws.amazon.com/bedrock/latest/userguide/data-retention.html',
    asOf: '2026-11',
    confidence: 'vendor',
  },
};

export const otherDialectProviders: readonly CatalogProvider[] = [anthropic, gemini, bedrock];
