import { awkward } from '@lethe/leak-prover';
import { base64, Payload, type RouteContent } from './content.js';

export const responsesContent: RouteContent = {
  name: 'responses',
  models: ['echo', 'every-field', 'tools', 'reasoning', 'structured', 'refusal', 'cached'],
  repeats: true,
  asking: (said) => ({ input: said }),
  loaded: (planter) => {
    const payload = new Payload(planter);
    const said = payload.said.bind(payload);
    const input = [
      { role: 'developer', content: said('developer message').text },
      {
        type: 'message',
        role: 'user',
        content: [
          { type: 'input_text', text: awkward(said('prompt')) },
          { type: 'input_image', image_url: `data:image/png;base64,${base64(planter.at('image'))}` },
          {
            type: 'input_file',
            filename: `${planter.at('file name').text}.pdf`,
            file_data: `data:application/pdf;base64,${base64(planter.at('file'))}`,
          },
          { type: 'input_audio', input_audio: { data: base64(planter.at('sound')), format: 'wav' } },
        ],
      },
      {
        type: 'reasoning',
        id: 'rs_1',
        summary: [{ type: 'summary_text', text: said('reasoning summary').text }],
        encrypted_content: base64(planter.at('sealed reasoning')),
      },
      {
        type: 'function_call',
        call_id: 'call_1',
        name: 'remember',
        arguments: JSON.stringify({ fact: said('tool argument').text }),
      },
      { type: 'function_call_output', call_id: 'call_1', output: awkward(said('tool result')) },
      { type: 'custom_tool_call', call_id: 'call_2', name: 'note', input: said('custom tool input').text },
      { type: 'custom_tool_call_output', call_id: 'call_2', output: said('custom tool result').text },
      { type: 'message', role: 'user', content: awkward(said('last prompt')) },
    ];
    const tools = [
      {
        type: 'function',
        name: 'remember',
        description: awkward(said('tool description')),
        parameters: {
          type: 'object',
          properties: {
            [said('tool parameter').text]: { type: 'string', description: said('schema text').text },
          },
        },
      },
      { type: 'custom', name: 'note', description: said('custom tool description').text },
    ];
    return {
      fields: {
        instructions: awkward(said('instructions')),
        input,
        tools,
        tool_choice: 'auto',
        text: { format: { type: 'text' }, verbosity: planter.at('text verbosity').text },
        reasoning: { effort: planter.at('reasoning effort').text, summary: 'auto' },
        metadata: { [planter.at('metadata key').text]: planter.at('metadata value').text },
      },
      payload: payload.canaries,
    };
  },
  watched: {
    'a hosted tool': (text) => ({ tools: [{ type: 'web_search', filters: { allowed_domains: [text] } }] }),
    'a remote MCP server': (text) => ({ tools: [{ type: 'mcp', server_label: 'x', server_url: text }] }),
    'a stored file': (text) => ({
      input: [{ role: 'user', content: [{ type: 'input_file', file_id: text }] }],
    }),
    'a stored item': (text) => ({ input: [{ id: text }] }),
  },
};
