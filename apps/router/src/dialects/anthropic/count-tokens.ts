import { defineFace } from '../face.js';
import { anthropicHeaders } from './beta-features.js';
import { conversationFields, storedConversationFields } from './fields.js';
import { watchedInConversations } from './watched.js';

/** POST /v1/messages/count_tokens: what a message would cost, for nothing. */
export const countTokensFace = defineFace({
  endpoint: 'count_tokens',
  dialect: 'anthropic',
  fields: conversationFields,
  required: ['model', 'messages'],
  contentFields: ['system', 'messages', 'tools'],
  streams: false,
  zdr: {
    refused: storedConversationFields,
    refusedWhenTrue: [],
    stripped: [],
    opaque: [],
    opaqueMembers: [],
    watched: watchedInConversations,
  },
  store: 'none',
  asksForUsage: false,
  forwardedHeaders: anthropicHeaders,
});
