import { defineFace } from '../face.js';

const fields = {
  model: 'string',
  prompt: 'string_or_array',
  best_of: 'number',
  echo: 'boolean',
  frequency_penalty: 'number',
  logit_bias: 'object',
  logprobs: 'number',
  max_tokens: 'number',
  n: 'number',
  presence_penalty: 'number',
  seed: 'number',
  stop: 'string_or_array',
  stream: 'boolean',
  stream_options: 'object',
  suffix: 'string',
  temperature: 'number',
  top_p: 'number',
  user: 'string',
  // Spelled by other gateways and compatible providers.
  models: 'array',
  repetition_penalty: 'number',
  top_k: 'number',
  min_p: 'number',
} as const;

/** POST /v1/completions, the legacy one: text in, text out, nothing stored by the provider. */
export const completionsFace = defineFace({
  endpoint: 'completions',
  dialect: 'openai',
  fields,
  required: ['model', 'prompt'],
  contentFields: ['prompt', 'suffix'],
  streams: true,
  zdr: {
    refused: ['models'],
    refusedWhenTrue: [],
    stripped: [],
    opaque: ['user'],
    opaqueMembers: [],
    watched: [],
  },
  store: 'none',
  asksForUsage: true,
  forwardedHeaders: [],
});
