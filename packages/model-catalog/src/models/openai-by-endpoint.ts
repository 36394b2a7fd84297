import { defineModels, visionReasoningModel } from '../define-models.js';
import { priceList } from '../price.js';
import { providerOf } from '../providers/all.js';
import type { CatalogModel } from '../types.js';

const price = priceList(
  'https://platform.openai.com/docs/pricing',
  'https://github.com/pydantic/genai-prices/blob/main/prices/providers/openai.yml',
);
const FROM_CATALOGUE = 'https://github.com/anomalyco/models.dev/tree/dev/providers/openai/models';
const { dataPolicy } = providerOf('openai');
const noTools = { tools: false, vision: false, reasoning: false, jsonSchema: false };
const codex = { context: 400_000, output: 128_000, supports: visionReasoningModel };

/** Not offered as chat completions. */
const responsesOnly = defineModels({ provider: 'openai', endpoints: ['responses'], dataPolicy }, [
  {
    ...codex,
    name: 'gpt-5-codex',
    price: price({ input: '1.25', cached: '0.125', output: '10', asOf: '2025-11-13' }),
  },
  {
    ...codex,
    name: 'gpt-5.1-codex',
    price: price({ input: '1.25', cached: '0.125', output: '10', asOf: '2025-11-13' }),
  },
  {
    ...codex,
    name: 'gpt-5.1-codex-mini',
    price: price({ input: '0.25', cached: '0.025', output: '2', asOf: '2025-11-13' }),
  },
  {
    ...codex,
    name: 'gpt-5.2-codex',
    price: price({
      input: '1.75',
      cached: '0.175',
      output: '14',
      asOf: '2026-01-14',
      readFrom: FROM_CATALOGUE,
    }),
  },
  {
    ...codex,
    name: 'gpt-5.3-codex',
    price: price({
      input: '1.75',
      cached: '0.175',
      output: '14',
      asOf: '2026-02-05',
      readFrom: FROM_CATALOGUE,
    }),
  },
  {
    name: 'gpt-5-pro',
    aliases: ['gpt-5-pro-2025-10-06'],
    context: 400_000,
    output: 272_000,
    price: price({ input: '15', output: '120', asOf: '2025-11-13' }),
    supports: visionReasoningModel,
  },
  {
    name: 'o1-pro',
    aliases: ['o1-pro-2025-03-19'],
    context: 200_000,
    output: 100_000,
    price: price({ input: '150', output: '600', asOf: '2025-07-04' }),
    supports: visionReasoningModel,
  },
]);

const embeddings = defineModels({ provider: 'openai', endpoints: ['embeddings'], dataPolicy }, [
  {
    name: 'text-embedding-3-small',
    context: 8_192,
    output: null,
    price: price({ input: '0.02', output: '0', asOf: '2025-07-04' }),
    supports: noTools,
  },
  {
    name: 'text-embedding-3-large',
    context: 8_192,
    output: null,
    price: price({ input: '0.13', output: '0', asOf: '2025-07-04' }),
    supports: noTools,
  },
  {
    name: 'text-embedding-ada-002',
    context: 8_192,
    output: null,
    price: price({ input: '0.1', output: '0', asOf: '2025-07-04' }),
    supports: noTools,
  },
]);

const completions = defineModels({ provider: 'openai', endpoints: ['completions'], dataPolicy }, [
  {
    name: 'gpt-3.5-turbo-instruct',
    aliases: ['gpt-3.5-turbo-instruct-0914'],
    context: 4_096,
    output: null,
    price: price({ input: '1.5', output: '2', asOf: '2025-07-04' }),
    supports: noTools,
  },
]);

/** OpenAI's models that are offered at one endpoint alone. */
export const openaiByEndpointModels: readonly CatalogModel[] = [
  ...responsesOnly,
  ...embeddings,
  ...completions,
];
