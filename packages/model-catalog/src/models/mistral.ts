import { defineModels, reasoningModel, textModel, visionModel } from '../define-models.js';
import { priceList } from '../price.js';
import { providerOf } from '../providers/all.js';
import type { CatalogModel } from '../types.js';

const price = priceList(
  'https://mistral.ai/pricing/api',
  'https://github.com/pydantic/genai-prices/blob/main/prices/providers/mistral.yml',
);

export const mistralModels: readonly CatalogModel[] = defineModels(
  { provider: 'mistral', endpoints: ['chat_completions'], dataPolicy: providerOf('mistral').dataPolicy },
  [
    {
      name: 'mistral-large-2512',
      context: 262_144,
      output: null,
      price: price({ input: '0.5', cached: '0.05', output: '1.5', asOf: '2026-06-09' }),
      supports: visionModel,
    },
    {
      name: 'mistral-medium-latest',
      aliases: ['mistral-medium-3-5', 'mistral-medium-3.5'],
      context: null,
      output: null,
      price: price({ input: '1.5', cached: '0.15', output: '7.5', asOf: '2026-08-24' }),
      supports: visionModel,
    },
    {
      name: 'mistral-medium-2508',
      aliases: ['mistral-medium-2505', 'mistral-medium'],
      context: null,
      output: null,
      price: price({ input: '0.4', cached: '0.04', output: '2', asOf: '2026-08-24' }),
      supports: visionModel,
    },
    {
      name: 'mistral-small-2603',
      context: null,
      output: null,
      price: price({ input: '0.15', cached: '0.015', output: '0.6', asOf: '2026-06-09' }),
      supports: visionModel,
    },
    {
      // A moving alias: the last dated record of its price predates its current target.
      name: 'mistral-small-latest',
      context: null,
      output: null,
      price: price({ input: '0.1', output: '0.3', asOf: '2025-07-04' }),
      supports: visionModel,
    },
    {
      name: 'magistral-medium-latest',
      aliases: ['magistral-medium-2507'],
      context: null,
      output: null,
      price: price({ input: '2', output: '5', asOf: '2025-08-12' }),
      supports: reasoningModel,
    },
    {
      name: 'magistral-small-latest',
      context: null,
      output: null,
      price: price({ input: '0.5', output: '1.5', asOf: '2025-08-12' }),
      supports: reasoningModel,
    },
    {
      name: 'ministral-8b-2512',
      aliases: ['ministral-8b-latest'],
      context: 262_144,
      output: null,
      price: price({ input: '0.15', cached: '0.015', output: '0.15', asOf: '2026-08-24' }),
      supports: visionModel,
    },
    {
      name: 'codestral-2508',
      context: 256_000,
      output: null,
      price: price({ input: '0.3', cached: '0.03', output: '0.9', asOf: '2026-06-09' }),
      supports: textModel,
    },
    {
      name: 'devstral-2512',
      context: 262_144,
      output: null,
      price: price({ input: '0.4', cached: '0.04', output: '2', asOf: '2026-06-09' }),
      supports: textModel,
    },
    {
      name: 'zai-glm-5-2',
      context: null,
      output: null,
      price: null,
      supports: reasoningModel,
    },
  ],
);
