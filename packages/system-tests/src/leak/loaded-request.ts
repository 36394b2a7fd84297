import { awkward } from '@lethe/leak-prover';
import type { Planter } from './manifest.js';

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
