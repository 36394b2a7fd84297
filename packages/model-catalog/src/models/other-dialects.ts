import { defineModels, visionModel, visionReasoningModel } from '../define-models.js';
import { priceList } from '../price.js';
import { providerOf } from '../providers/all.js';
import type { CatalogModel, DataPolicy } from '../types.js';

const ANTHROPIC_LIST = 'https://platform.claude.com/docs/en/about-claude/pricing';
const anthropicPrice = priceList(ANTHROPIC_LIST, null);
const geminiPrice = priceList(
  'https://ai.google.dev/gemini-api/docs/pricing',
  'https://github.com/pydantic/genai-prices/blob/main/prices/providers/google.yml',
);
const READ = '2026-10-24';

/** Kept for 30 days wherever it runs, whatever the account has agreed. */
const retainingModel = (policy: DataPolicy): DataPolicy => ({
  ...policy,
  retention: { days: 30 },
  zdrAvailable: 'none',
  zdrActive: 'no',
  privacyComments: 'This model is kept for 30 days on every route; no zero retention is offered.',
});

const opus = { input: '5', cacheWrite: '6.25', cached: '0.5', output: '25', asOf: READ };
const sonnet = { input: '3', cacheWrite: '3.75', cached: '0.3', output: '15', asOf: READ };

export const anthropicModels: readonly CatalogModel[] = defineModels(
  {
    provider: 'anthropic',
    endpoints: ['messages', 'count_tokens'],
    dataPolicy: providerOf('anthropic').dataPolicy,
  },
  [
    {
      name: 'claude-opus-4-8',
      context: null,
      output: null,
      price: anthropicPrice(opus),
      supports: visionReasoningModel,
    },
    {
      name: 'claude-opus-4-7',
      context: null,
      output: null,
      price: anthropicPrice(opus),
      supports: visionReasoningModel,
    },
    {
      name: 'claude-opus-4-6',
      context: null,
      output: null,
      price: anthropicPrice(opus),
      supports: visionReasoningModel,
    },
    {
      name: 'claude-sonnet-4-6',
      context: null,
      output: null,
      price: anthropicPrice(sonnet),
      supports: visionReasoningModel,
    },
    {
      name: 'claude-sonnet-4-5',
      aliases: ['claude-sonnet-4-5-20250929'],
      context: 200_000,
      output: 64_000,
      price: anthropicPrice(sonnet),
      supports: visionReasoningModel,
    },
    {
      name: 'claude-haiku-4-5',
      aliases: ['claude-haiku-4-5-20251001'],
      context: 200_000,
      output: 64_000,
      price: anthropicPrice({ input: '1', cacheWrite: '1.25', cached: '0.1', output: '5', asOf: READ }),
      supports: visionReasoningModel,
    },
    {
      name: 'claude-fable-5',
      context: null,
      output: null,
      price: anthropicPrice({ input: '10', cacheWrite: '12.5', cached: '1', output: '50', asOf: READ }),
      supports: visionReasoningModel,
      dataPolicy: retainingModel(providerOf('anthropic').dataPolicy),
    },
  ],
);

export const geminiModels: readonly CatalogModel[] = defineModels(
  { provider: 'gemini', endpoints: ['generate_content'], dataPolicy: providerOf('gemini').dataPolicy },
  [
    {
      // Its price depends on the length of the prompt, which one line per model cannot say.
      name: 'gemini-2.5-pro',
      context: 1_048_576,
      output: 65_536,
      price: null,
      supports: visionReasoningModel,
    },
    {
      name: 'gemini-2.5-flash',
      context: 1_048_576,
      output: 65_536,
      price: geminiPrice({ input: '0.3', cached: '0.075', output: '2.5', asOf: '2025-06-22' }),
      supports: visionReasoningModel,
    },
    {
      name: 'gemini-3.1-pro-preview',
      context: null,
      output: null,
      price: null,
      supports: visionReasoningModel,
    },
    {
      name: 'gemini-3-flash-preview',
      context: null,
      output: null,
      price: null,
      supports: visionReasoningModel,
    },
  ],
);

export const bedrockModels: readonly CatalogModel[] = defineModels(
  { provider: 'bedrock', endpoints: ['converse'], dataPolicy: providerOf('bedrock').dataPolicy },
  [
    {
      name: 'claude-sonnet-4-5',
      context: 200_000,
      output: 64_000,
      price: null,
      supports: visionReasoningModel,
    },
    {
      name: 'claude-haiku-4-5',
      context: 200_000,
      output: 64_000,
      price: null,
      supports: visionReasoningModel,
    },
    {
      name: 'claude-fable-5',
      context: null,
      output: null,
      price: null,
      supports: visionReasoningModel,
      dataPolicy: retainingModel(providerOf('bedrock').dataPolicy),
    },
    { name: 'nova-pro', context: null, output: null, price: null, supports: visionModel },
  ],
);
