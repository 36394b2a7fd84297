import { awkward, type Canary } from '@lethe/leak-prover';
import type { Planter } from './manifest.js';

const base64 = ({ text }: Canary): string => Buffer.from(`\u0089PNG${text}`).toString('base64');

export interface LoadedRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
  /** The canaries that belong to the payload of a key that logs. */
  readonly payload: readonly Canary[];
}

/** Headers that carry canaries. Those that become extras may be kept where the organization has no ZDR. */
export const loadedHeaders = (planter: Planter): Record<string, string> => ({
  'x-lethe-note': planter.inTelemetry('X-Lethe header').text,
  'x-requesty-note': planter.inTelemetry('X-Requesty header').text,
  'x-title': planter.inTelemetry('X-Title').text,
  'http-referer': planter.inTelemetry('HTTP-Referer').text,
  referer: `https://example.com/${planter.at('Referer').text}`,
  'user-agent': planter.at('User-Agent').text,
  cookie: `session=${planter.at('Cookie').text}`,
  'x-custom': planter.at('another header').text,
  [`x-${planter.at('header name').text}`]: 'y',
});

/** The fields of ours: what fits may be kept where the organization has no ZDR, what does not fit is dropped. */
export const loadedOwnFields = (planter: Planter): object => ({
  tags: [planter.inTelemetry('tag').text, awkward(planter.at('tag that does not fit'))],
  user_id: planter.inTelemetry('user_id').text,
  trace_id: planter.inTelemetry('trace_id').text,
  extra: {
    source: planter.inTelemetry('extra value').text,
    [planter.inTelemetry('extra key').text]: 'x',
    [`${planter.at('extra key that does not fit').text} !`]: 'x',
    long: `${planter.at('extra value that does not fit').text}${'x'.repeat(64)}`,
  },
  unknown: planter.at('unknown field of ours').text,
});

/** A request with a canary wherever a caller can write one. */
export const loadedRequest = (planter: Planter, model: string, fields: object = {}): LoadedRequest => {
  const payload: Canary[] = [];
  const said = (place: string): Canary => {
    const planted = planter.at(place);
    payload.push(planted);
    return planted;
  };
  const messages = [
    { role: 'system', content: said('system message').text },
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
      tool_calls: [
        {
          id: 'call_1',
          type: 'function',
          function: { name: 'remember', arguments: JSON.stringify({ fact: said('tool argument').text }) },
        },
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
  return {
    headers: loadedHeaders(planter),
    payload,
    body: {
      model,
      messages,
      tools,
      tool_choice: 'auto',
      stop: [planter.at('stop').text],
      user: planter.at('user').text,
      metadata: { [planter.at('metadata key').text]: planter.at('metadata value').text },
      logit_bias: { [planter.at('logit bias').text]: 1 },
      prompt_cache_key: planter.at('cache key').text,
      safety_identifier: `${planter.at('safety identifier').text} !`,
      response_format: {
        type: 'json_schema',
        json_schema: {
          name: 'any',
          schema: { type: 'object', description: planter.at('response schema').text },
        },
      },
      lethe: loadedOwnFields(planter),
      ...fields,
    },
  };
};
