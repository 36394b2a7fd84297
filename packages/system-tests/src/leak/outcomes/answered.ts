import { awkward } from '@lethe/leak-prover';
import { ANSWER_MODELS, EMBEDDING_MODEL } from '@lethe/simulated-provider';
import { requestIdOf } from '../../support/http.js';
import { type LoadedContent, loadedFields } from '../contents/content.js';
import { loadedHeaders, loadedOwnFields } from '../loaded-request.js';
import { type Asked, expectStatus, type Outcome, plainModel, post, type Route } from './outcome.js';

interface Extra {
  readonly fields?: Readonly<Record<string, unknown>>;
  /** The request itself asks that nothing is kept. */
  readonly strict?: boolean;
}

const answeredBy = (
  name: string,
  model: (route: Route) => string,
  strict: boolean,
  make: (asked: Asked) => LoadedContent & { readonly headers?: Readonly<Record<string, string>> },
): Outcome => ({
  name,
  streams: true,
  answers: true,
  model,
  run: async (asked) => {
    const { route, planter, streaming } = asked;
    const { fields, payload, headers = {} } = make(asked);
    const body = { model: `sim/${model(route)}`, ...fields, ...(streaming && { stream: true }) };
    const answer = await post(asked, { body: JSON.stringify(body), headers });
    expectStatus(asked, answer, (status) => status === 200);
    if (answer === undefined) return undefined;
    const kept = planter.profile.name === 'logging' && !strict;
    planter.expectPayload(requestIdOf(answer), kept ? payload : []);
    return answer;
  },
});

const known = ({ route }: Asked, fields: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => name in route.served.fields));

/** A request with canaries everywhere: for a key that logs its payload is expected back. */
const loaded = (model: string): Outcome => ({
  ...answeredBy(
    model,
    () => model,
    false,
    ({ route, planter }) => {
      const { fields, payload } = route.content.loaded(planter);
      const all = { ...loadedFields(planter, route.served, fields), ...fields };
      return {
        fields: { ...all, lethe: loadedOwnFields(planter) },
        payload,
        headers: loadedHeaders(planter),
      };
    },
  ),
  at: ({ content }) => content.models.includes(model),
});

/** A short request, for what comes back; what models that repeat it are told to say. */
const short = (name: string, model: (route: Route) => string, extra: Extra = {}): Outcome => ({
  ...answeredBy(name, model, extra.strict === true, (asked) => {
    const { route, planter } = asked;
    const prompt = planter.at('last prompt');
    const fields = { ...route.content.asking(awkward(prompt)), ...known(asked, extra.fields ?? {}) };
    return { fields, payload: [prompt] };
  }),
  at: (route) => route.content.models.includes(model(route)),
});

const shapes: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  tools: { n: 2 },
};

/** Every model that answers, the one that repeats what it is told with a canary in every field. */
export const answered: readonly Outcome[] = [
  loaded('echo'),
  loaded(EMBEDDING_MODEL),
  ...ANSWER_MODELS.filter((model) => !['echo', 'chat'].includes(model)).map((model) =>
    short(model, () => model, { fields: shapes[model] ?? {} }),
  ),
  short('asked not to keep', plainModel, { fields: { provider: { zdr: true } }, strict: true }),
  short('asked not to collect', plainModel, {
    fields: { provider: { data_collection: 'deny' } },
    strict: true,
  }),
];
