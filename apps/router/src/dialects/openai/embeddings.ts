import { defineFace } from '../face.js';

const fields = {
  input: 'string_or_array',
  model: 'string',
  dimensions: 'number',
  encoding_format: 'string',
  user: 'string',
  // Of compatible providers.
  input_type: 'string',
  output_dimension: 'number',
  output_dtype: 'string',
  truncate: 'any',
} as const;

/** POST /v1/embeddings. */
export const embeddingsFace = defineFace({
  endpoint: 'embeddings',
  dialect: 'openai',
  fields,
  required: ['model', 'input'],
  contentFields: ['input'],
  streams: false,
  zdr: { refused: [], refusedWhenTrue: [], stripped: [], opaque: ['user'], opaqueMembers: [], watched: [] },
  store: 'none',
  asksForUsage: false,
  forwardedHeaders: [],
});
