import type { CatalogModel } from '../types.js';
import { deepseekModels, groqModels, xaiModels } from './compatible.js';
import { mistralModels } from './mistral.js';
import { openaiModels } from './openai.js';
import { openaiByEndpointModels } from './openai-by-endpoint.js';
import { anthropicModels, bedrockModels, geminiModels } from './other-dialects.js';
import { simulatedModels } from './simulated.js';

/** Every model that is listed. Azure and the hosts have none of their own yet: their names depend on deployments. */
export const catalogModels: readonly CatalogModel[] = [
  ...openaiModels,
  ...openaiByEndpointModels,
  ...xaiModels,
  ...groqModels,
  ...deepseekModels,
  ...mistralModels,
  ...anthropicModels,
  ...geminiModels,
  ...bedrockModels,
  ...simulatedModels,
];
