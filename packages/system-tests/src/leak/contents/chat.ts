import { awkward } from '@lethe/leak-prover';
import { base64, Payload, type RouteContent } from './content.js';

export const chatContent: RouteContent = {
  name: 'chat',
  models: ['echo', 'every-field', 'tools', 'reasoning', 'structured', 'refusal', 'cached'],
  repeats: true,
  asking: (said) => ({ messages: [{ role: 'user', content: said }] }),
  loaded: (planter) => {
    const payload = new Payload(planter);
    const said = payload.said.bind(payload);
    const messages = [
      { role: 'system', content: said('system message').text },
      { role: 'developer', content: said('developer message').text },
      {
        role: 'user',
        name: said('participant').text,
        content: [
          { type: 'text', text: awkward(said('prompt')) },
          { type: 'image_url', image_url: { url: `data:image/png;base64,${base64(planter.at('image'))}` } },
          {
            type: 'file',
            file: {
              filename: `${planter.at('file name').text}.pdf`,
              file_data: `data:application/pdf;base64,${base64(planter.at('file'))}`,
            },
          },
          { type: 'input_audio', input_audio: { data: base64(planter.at('sound')), format: 'wav' } },
        ],
      },
      {
        role: 'assistant',
        content: null,
        refusal: said('earlier refusal').text,
        function_call: {
          name: 'recall',
          arguments: JSON.stringify({ fact: said('function argument').text }),
        },
        tool_calls: [
          {
            id: 'call_1',
            type: 'function',
            function: { name: 'remember', arguments: JSON.stringify({ fact: said('tool argument').text }) },
          },
          { id: 'call_2', type: 'custom', custom: { name: 'note', input: said('custom tool input').text } },
        ],
      },
      { role: 'tool', tool_call_id: 'call_1', content: awkward(said('tool result')) },
      { role: 'user', content: awkward(said('last prompt')) },
    ];
    const tools = [
      {
        type: 'function',
        function: {
          name: 'remember',
          description: awkward(said('tool description')),
          parameters: {
            type: 'object',
            properties: {
              [said('tool parameter').text]: { type: 'string', description: said('schema text').text },
            },
          },
        },
      },
    ];
    const stop = [planter.at('stop').text];
    const logitBias = { [planter.at('logit bias').text]: 1 };
    const responseFormat = {
      type: 'text',
      json_schema: { name: 'any', schema: { description: planter.at('response schema').text } },
    };
    return {
      fields: {
        messages,
        tools,
        tool_choice: 'auto',
        stop,
        logit_bias: logitBias,
        response_format: responseFormat,
      },
      payload: payload.canaries,
    };
  },
  watched: {
    'a hosted tool': (text) => ({ tools: [{ type: 'web_search', web_search: { query: text } }] }),
    'a stored file': (text) => ({
      messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: text } }] }],
    }),
  },
};
