import {
  defineModels,
  reasoningModel,
  textModel,
  visionModel,
  visionReasoningModel,
} from '../define-models.js';
import { priceList } from '../price.js';
import { providerOf } from '../providers/all.js';
import type { CatalogModel } from '../types.js';

const xaiPrice = priceList(
  'https://docs.x.ai/docs/models',
  'https://github.com/pydantic/genai-prices/blob/main/prices/providers/x_ai.yml',
);
const groqPrice = priceList(
  'https://groq.com/pricing/',
  'https://github.com/anomalyco/models.dev/tree/dev/providers/groq/models',
);
const deepseekPrice = priceList(
  'https://api-docs.deepseek.com/quick_start/pricing',
  'https://github.com/pydantic/genai-prices/blob/main/prices/providers/deepseek.yml',
);

export const xaiModels: readonly CatalogModel[] = defineModels(
  {
    provider: 'xai',
    endpoints: ['chat_completions', 'responses'],
    dataPolicy: providerOf('xai').dataPolicy,
  },
  [
    {
      name: 'grok-3',
      aliases: ['grok-3-latest', 'grok-3-beta'],
      context: 131_072,
      output: null,
      price: xaiPrice({ input: '3', cached: '0.75', output: '15', asOf: '2025-07-12' }),
      supports: textModel,
    },
    {
      name: 'grok-3-mini',
      aliases: ['grok-3-mini-latest', 'grok-3-mini-beta'],
      context: 131_072,
      output: null,
      price: xaiPrice({ input: '0.3', cached: '0.075', output: '0.5', asOf: '2025-07-12' }),
      supports: reasoningModel,
    },
    {
      name: 'grok-4',
      aliases: ['grok-4-0709', 'grok-4-latest'],
      context: 256_000,
      output: null,
      price: xaiPrice({ input: '3', cached: '0.75', output: '15', asOf: '2025-07-12' }),
      supports: visionReasoningModel,
    },
    {
      name: 'grok-4-fast-reasoning',
      aliases: ['grok-4-fast'],
      context: 2_000_000,
      output: null,
      price: xaiPrice({ input: '0.2', cached: '0.05', output: '0.5', asOf: '2026-01-19' }),
      supports: visionReasoningModel,
    },
    {
      name: 'grok-4-fast-non-reasoning',
      context: 2_000_000,
      output: null,
      price: xaiPrice({ input: '0.2', cached: '0.05', output: '0.5', asOf: '2026-01-19' }),
      supports: visionModel,
    },
    {
      name: 'grok-4.3',
      aliases: ['grok-4.3-latest'],
      context: 1_000_000,
      output: null,
      price: xaiPrice({ input: '1.25', cached: '0.2', output: '2.5', asOf: '2026-05-12' }),
      supports: visionReasoningModel,
    },
    {
      name: 'grok-4.5',
      aliases: ['grok-4.5-latest'],
      context: 500_000,
      output: null,
      price: xaiPrice({ input: '2', cached: '0.5', output: '6', asOf: '2026-07-08' }),
      supports: visionReasoningModel,
    },
    {
      name: 'grok-code-fast-1',
      aliases: ['grok-code-fast', 'grok-code-fast-1-0825'],
      context: 256_000,
      output: null,
      price: xaiPrice({ input: '0.2', cached: '0.02', output: '1.5', asOf: '2026-01-19' }),
      supports: reasoningModel,
    },
  ],
);

export const groqModels: readonly CatalogModel[] = defineModels(
  { provider: 'groq', endpoints: ['chat_completions'], dataPolicy: providerOf('groq').dataPolicy },
  [
    {
      name: 'llama-3.3-70b-versatile',
      context: 131_072,
      output: 32_768,
      price: groqPrice({
        input: '0.59',
        output: '0.79',
        asOf: '2026-04-01',
        readFrom: 'https://theneuralbase.com/groq/learn/intermediate/cost-per-user-for-voice-applications/',
      }),
      supports: textModel,
    },
    {
      name: 'llama-3.1-8b-instant',
      context: 131_072,
      output: null,
      price: groqPrice({
        input: '0.05',
        output: '0.08',
        asOf: '2026-09-26',
        readFrom: 'https://huggingface.co/datasets/gemmozero/ai-pricing-matrix-2026',
      }),
      supports: textModel,
    },
    {
      name: 'openai/gpt-oss-120b',
      context: 131_072,
      output: 65_536,
      price: groqPrice({ input: '0.15', cached: '0.075', output: '0.6', asOf: '2026-05-27' }),
      supports: reasoningModel,
    },
    {
      name: 'qwen/qwen3-32b',
      context: 131_072,
      output: 40_960,
      price: null,
      supports: reasoningModel,
    },
  ],
);

export const deepseekModels: readonly CatalogModel[] = defineModels(
  { provider: 'deepseek', endpoints: ['chat_completions'], dataPolicy: providerOf('deepseek').dataPolicy },
  [
    {
      name: 'deepseek-v4-flash',
      context: 1_000_000,
      output: null,
      price: deepseekPrice({ input: '0.14', cached: '0.0028', output: '0.28', asOf: '2026-05-12' }),
      supports: reasoningModel,
    },
    {
      name: 'deepseek-v4-pro',
      context: 1_000_000,
      output: null,
      price: deepseekPrice({ input: '0.435', cached: '0.003625', output: '0.87', asOf: '2026-06-02' }),
      supports: reasoningModel,
    },
    {
      name: 'deepseek-chat',
      context: 1_000_000,
      output: 8_192,
      price: deepseekPrice({
        input: '0.28',
        cached: '0.028',
        output: '0.42',
        asOf: '2026-02-11',
        readFrom: 'https://github.com/anomalyco/models.dev/tree/dev/providers/deepseek/models',
      }),
      supports: textModel,
    },
    {
      name: 'deepseek-reasoner',
      context: null,
      output: null,
      price: null,
      supports: reasoningModel,
    },
  ],
);
