import { awkward } from '@lethe/leak-prover';
import { Payload, type RouteContent } from './content.js';

export const completionsContent: RouteContent = {
  name: 'completions',
  models: ['echo', 'every-field', 'tools', 'reasoning', 'structured', 'refusal', 'cached'],
  repeats: true,
  asking: (said) => ({ prompt: said }),
  loaded: (planter) => {
    const payload = new Payload(planter);
    const prompt = [
      awkward(payload.said('prompt')),
      payload.said('prompt in between').text,
      awkward(payload.said('last prompt')),
    ];
    return {
      fields: { prompt, stop: [planter.at('stop').text], logit_bias: { [planter.at('logit bias').text]: 1 } },
      payload: payload.canaries,
    };
  },
  watched: {},
};

export const embeddingsContent: RouteContent = {
  name: 'embeddings',
  models: ['embed'],
  repeats: false,
  asking: (said) => ({ input: said }),
  loaded: (planter) => {
    const payload = new Payload(planter);
    const input = [
      awkward(payload.said('prompt')),
      payload.said('input in between').text,
      awkward(payload.said('last prompt')),
    ];
    return { fields: { input, encoding_format: 'base64' }, payload: payload.canaries };
  },
  watched: {},
};
