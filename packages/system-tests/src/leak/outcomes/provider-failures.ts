import { awkward } from '@lethe/leak-prover';
import { FAULT_KINDS } from '@lethe/simulated-provider';
import { bodyOf, type Outcome, PATIENCE_MS, plainModel, post } from './outcome.js';

const ENDLESS_FAULTS: ReadonlySet<string> = new Set(['hang', 'slow-head', 'endless', 'endless-head', 'drip']);

/** The provider fails, with the prompt in all that it says of it. */
const failure = (kind: string): Outcome => ({
  name: `fault ${kind}`,
  streams: true,
  model: () => `fault-${kind}`,
  run: (asked) => {
    const { planter } = asked;
    const body = bodyOf(asked, `fault-${kind}`, awkward(planter.at('prompt')), {
      lethe: { tags: [planter.inTelemetry('tag').text] },
    });
    const headers = { 'user-agent': planter.at('User-Agent').text };
    return post(asked, { body, headers, ...(ENDLESS_FAULTS.has(kind) && { leaveAfterMs: PATIENCE_MS }) });
  },
});

const left = (name: string, model: (streaming: boolean, plain: string) => string): Outcome => ({
  name,
  streams: true,
  run: (asked) => {
    const { planter, route, streaming } = asked;
    const said = `${awkward(planter.at('prompt'))}${' and so on'.repeat(300)}${planter.at('end of the prompt').text}`;
    return post(asked, {
      body: bodyOf(asked, model(streaming, plainModel(route)), said),
      leaveAfterMs: PATIENCE_MS,
    });
  },
});

/** All that a provider, or a client that leaves one, can do to a sound request. */
export const providerFailures: readonly Outcome[] = [
  ...FAULT_KINDS.map(failure),
  ...['400', '429', '500', 'reset'].map((kind) => failure(`${kind}-then-ok`)),
  left('left before the answer', () => 'fault-slow-head'),
  left('left amid the answer', (streaming, plain) => (streaming ? `${plain}~20` : 'fault-drip~5')),
];
