import { defineFace } from '../face.js';
import { anthropicHeaders } from './beta-features.js';
import { conversationFields, storedConversationFields } from './fields.js';
import { watchedInConversations } from './watched.js';

const fields = {
  ...conversationFields,
  max_tokens: 'number',
  billing_policy: 'object',
  container: 'string_or_object',
  diagnostics: 'object',
  fallback_credit_token: 'string_or_object',
  fallbacks: 'string_or_array',
  inference_geo: 'string',
  metadata: 'object',
  service_tier: 'string',
  stop_sequences: 'array',
  stream: 'boolean',
  // Gone from the newest types; clients and older models use them all the same.
  temperature: 'number',
  top_k: 'number',
  top_p: 'number',
} as const;

/** POST /v1/messages. */
export const messagesFace = defineFace({
  endpoint: 'messages',
  dialect: 'anthropic',
  fields,
  required: ['model', 'messages', 'max_tokens'],
  contentFields: ['system', 'messages', 'tools'],
  streams: true,
  zdr: {
    refused: [
      ...storedConversationFields,
      'billing_policy',
      'container',
      // Compared with the fingerprint of an earlier request, which therefore is kept.
      'diagnostics',
      // Models for which the policy was not asked.
      'fallbacks',
      'fallback_credit_token',
    ],
    refusedWhenTrue: [],
    stripped: [],
    opaque: [],
    opaqueMembers: [{ field: 'metadata', members: ['user_id'] }],
    watched: watchedInConversations,
  },
  store: 'none',
  asksForUsage: false,
  forwardedHeaders: anthropicHeaders,
});
