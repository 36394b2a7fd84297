import { defineModels, reasoningModel, visionModel, visionReasoningModel } from '../define-models.js';
import { priceList } from '../price.js';
import { providerOf } from '../providers/all.js';
import type { CatalogModel } from '../types.js';

const LIST = 'https://platform.openai.com/docs/pricing';
const price = priceList(
  LIST,
  'https://github.com/pydantic/genai-prices/blob/main/prices/providers/openai.yml',
);
const FROM_CATALOGUE = 'https://github.com/anomalyco/models.dev/tree/dev/providers/openai/models';

export const openaiModels: readonly CatalogModel[] = defineModels(
  {
    provider: 'openai',
    endpoints: ['chat_completions', 'responses'],
    dataPolicy: providerOf('openai').dataPolicy,
  },
  [
    {
      name: 'gpt-4.1',
      aliases: ['gpt-4.1-2025-04-14'],
      context: 1_000_000,
      output: 32_768,
      price: price({ input: '2', cached: '0.5', output: '8', asOf: '2025-07-04' }),
      supports: visionModel,
    },
    {
      name: 'gpt-4.1-mini',
      aliases: ['gpt-4.1-mini-2025-04-14'],
      context: 1_000_000,
      output: 32_768,
      price: price({ input: '0.4', cached: '0.1', output: '1.6', asOf: '2025-07-04' }),
      supports: visionModel,
    },
    {
      name: 'gpt-4.1-nano',
      aliases: ['gpt-4.1-nano-2025-04-14'],
      context: 1_000_000,
      output: 32_768,
      price: price({ input: '0.1', cached: '0.025', output: '0.4', asOf: '2025-07-04' }),
      supports: visionModel,
    },
    {
      name: 'gpt-4o',
      aliases: ['gpt-4o-2024-08-06', 'gpt-4o-2024-11-20'],
      context: 128_000,
      output: 16_384,
      price: price({ input: '2.5', cached: '1.25', output: '10', asOf: '2025-07-04' }),
      supports: visionModel,
    },
    {
      name: 'gpt-4o-mini',
      aliases: ['gpt-4o-mini-2024-07-18'],
      context: 128_000,
      output: 16_384,
      price: price({ input: '0.15', cached: '0.075', output: '0.6', asOf: '2025-07-04' }),
      supports: visionModel,
    },
    {
      name: 'gpt-5',
      aliases: ['gpt-5-2025-08-07', 'gpt-5-chat-latest'],
      context: 400_000,
      output: 128_000,
      price: price({ input: '1.25', cached: '0.125', output: '10', asOf: '2025-11-13' }),
      supports: visionReasoningModel,
    },
    {
      name: 'gpt-5-mini',
      aliases: ['gpt-5-mini-2025-08-07'],
      context: 400_000,
      output: 128_000,
      price: price({ input: '0.25', cached: '0.025', output: '2', asOf: '2025-11-13' }),
      supports: visionReasoningModel,
    },
    {
      name: 'gpt-5-nano',
      aliases: ['gpt-5-nano-2025-08-07'],
      context: 400_000,
      output: 128_000,
      price: price({ input: '0.05', cached: '0.005', output: '0.4', asOf: '2025-11-13' }),
      supports: visionReasoningModel,
    },
    {
      name: 'gpt-5.1',
      aliases: ['gpt-5.1-2025-11-13', 'gpt-5.1-chat-latest'],
      context: 400_000,
      output: 128_000,
      price: price({ input: '1.25', cached: '0.125', output: '10', asOf: '2025-11-13' }),
      supports: visionReasoningModel,
    },
    {
      name: 'gpt-5.2',
      aliases: ['gpt-5.2-2025-12-11'],
      context: 400_000,
      output: 128_000,
      price: price({
        input: '1.75',
        cached: '0.175',
        output: '14',
        asOf: '2025-12-11',
        readFrom: FROM_CATALOGUE,
      }),
      supports: visionReasoningModel,
    },
    {
      name: 'gpt-5.4',
      aliases: ['gpt-5.4-2026-03-05'],
      context: 1_050_000,
      output: 128_000,
      price: price({
        input: '2.5',
        cached: '0.25',
        output: '15',
        asOf: '2026-03-05',
        readFrom: FROM_CATALOGUE,
      }),
      supports: visionReasoningModel,
    },
    {
      name: 'o3',
      aliases: ['o3-2025-04-16'],
      context: 200_000,
      output: 100_000,
      price: price({ input: '2', cached: '0.5', output: '8', asOf: '2025-07-12' }),
      supports: visionReasoningModel,
    },
    {
      name: 'o3-mini',
      aliases: ['o3-mini-2025-01-31'],
      context: 200_000,
      output: 100_000,
      price: price({ input: '1.1', cached: '0.55', output: '4.4', asOf: '2025-07-04' }),
      supports: reasoningModel,
    },
    {
      name: 'o4-mini',
      aliases: ['o4-mini-2025-04-16'],
      context: 200_000,
      output: 100_000,
      price: price({ input: '1.1', cached: '0.275', output: '4.4', asOf: '2025-07-04' }),
      supports: visionReasoningModel,
    },
  ],
);
