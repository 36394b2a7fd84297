import { awkward, type Canary } from '@lethe/leak-prover';
import type { Planter } from '../manifest.js';
import { base64, type LoadedContent, Payload, type RouteContent } from './content.js';

const source = (mediaType: string, planted: Canary): object => ({
  type: 'base64',
  media_type: mediaType,
  data: base64(planted),
});

/** A conversation as Anthropic writes it; a count takes the same. */
const conversation = (planter: Planter): LoadedContent => {
  const payload = new Payload(planter);
  const said = payload.said.bind(payload);
  const messages = [
    {
      role: 'user',
      content: [
        { type: 'text', text: awkward(said('prompt')) },
        { type: 'image', source: source('image/png', planter.at('image')) },
        {
          type: 'document',
          title: said('document title').text,
          context: said('document context').text,
          source: source('application/pdf', planter.at('file')),
        },
        { type: 'document', source: { type: 'text', media_type: 'text/plain', data: said('document').text } },
        {
          type: 'search_result',
          source: said('search source').text,
          title: 't',
          content: [{ type: 'text', text: said('search result').text }],
        },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: said('thinking').text, signature: said('signature').text },
        { type: 'redacted_thinking', data: base64(planter.at('redacted thinking')) },
        { type: 'tool_use', id: 'toolu_1', name: 'remember', input: { fact: said('tool argument').text } },
      ],
    },
    {
      role: 'user',
      content: [
        {
          type: 'tool_result',
          tool_use_id: 'toolu_1',
          content: [{ type: 'text', text: awkward(said('tool result')) }],
        },
        { type: 'text', text: awkward(said('last prompt')) },
      ],
    },
  ];
  const tools = [
    {
      name: 'remember',
      description: awkward(said('tool description')),
      input_schema: {
        type: 'object',
        properties: {
          [said('tool parameter').text]: { type: 'string', description: said('schema text').text },
        },
      },
    },
  ];
  const system = [{ type: 'text', text: awkward(said('system')) }];
  return {
    fields: { system, messages, tools, tool_choice: { type: 'auto', note: planter.at('tool choice').text } },
    payload: payload.canaries,
  };
};

const watched: RouteContent['watched'] = {
  'a hosted tool': (text) => ({
    tools: [{ type: 'web_search_20250305', name: 'web_search', allowed_domains: [text] }],
  }),
  'a stored file': (text) => ({
    messages: [{ role: 'user', content: [{ type: 'document', source: { type: 'file', file_id: text } }] }],
  }),
};

export const messagesContent: RouteContent = {
  name: 'messages',
  models: ['echo', 'every-field', 'tools', 'reasoning', 'structured', 'refusal', 'cached'],
  repeats: true,
  asking: (said) => ({ max_tokens: 4_096, messages: [{ role: 'user', content: said }] }),
  loaded: (planter) => {
    const { fields, payload } = conversation(planter);
    return {
      fields: { ...fields, max_tokens: 4_096, stop_sequences: [planter.at('stop sequence').text] },
      payload,
    };
  },
  watched,
};

export const countTokensContent: RouteContent = {
  name: 'count_tokens',
  models: ['echo', 'every-field'],
  repeats: false,
  asking: (said) => ({ messages: [{ role: 'user', content: said }] }),
  loaded: conversation,
  watched,
};
