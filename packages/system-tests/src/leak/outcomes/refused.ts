import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { awkward } from '@lethe/leak-prover';
import { contentsByPath } from '../contents/all.js';
import { servedRoutes } from '../served-routes.js';
import { type Asked, bodyOf, expectStatus, type Outcome, plainModel, post } from './outcome.js';

type At = (place: string) => string;
type MakeBody = (at: At, asked: Asked) => Buffer | string;

const isRefused = (status: number): boolean => status >= 400 && status < 500;

interface Refusing {
  readonly name: string;
  readonly body: MakeBody;
  /** Some keys, or the provider, take it. */
  readonly maybe?: boolean;
  readonly at?: Outcome['at'];
}

/** A body that is refused, with canaries where an error text would quote. */
const refused = ({ name, body, maybe = false, at }: Refusing): Outcome => ({
  name,
  streams: false,
  ...(at !== undefined && { at }),
  run: async (asked) => {
    const { planter } = asked;
    const answer = await post(asked, {
      body: body((place) => planter.at(place).text, asked),
      headers: { 'user-agent': planter.at('User-Agent').text },
    });
    if (!maybe) expectStatus(asked, answer, isRefused);
    return answer;
  },
});

const HOLE = '@@@';
/** The text of a request with this in place of the JSON of what it says. */
const said = (asked: Asked, inner: string): string =>
  bodyOf(asked, plainModel(asked.route), HOLE).replace(`"${HOLE}"`, () => inner);
const withFields = (asked: Asked, fields: Readonly<Record<string, unknown>>): string =>
  bodyOf(asked, plainModel(asked.route), 'Well?', fields);

const broken: readonly Refusing[] = [
  { name: 'malformed JSON', body: (at, asked) => said(asked, at('beside the fault')) },
  {
    name: 'malformed JSON, a quote too few',
    body: (at, asked) => said(asked, `"${at('before the fault')}" ${at('after the fault')}`),
  },
  { name: 'truncated JSON', body: (at, asked) => said(asked, `"${at('before the end')}"`).slice(0, -1) },
  { name: 'JSON with a bad escape', body: (at, asked) => said(asked, `"\\x${at('beside the fault')}"`) },
  {
    name: 'not UTF-8',
    body: (at, asked) => {
      const [before = '', after = ''] = said(asked, `"${at('before')}${HOLE}"`).split(HOLE);
      return Buffer.concat([Buffer.from(before), Buffer.from([0xff, 0xfe]), Buffer.from(after)]);
    },
  },
  { name: 'a lone surrogate', body: (at, asked) => said(asked, `"${at('before')}\\ud800"`) },
  {
    name: 'a field twice',
    body: (at, asked) => `{"model":"${at('first')}",${said(asked, `"${at('said')}"`).slice(1)}`,
  },
  {
    name: 'too deep',
    body: (at, asked) => said(asked, `${'['.repeat(300)}"${at('inside')}"${']'.repeat(300)}`),
  },
];

const wrong: readonly Refusing[] = [
  { name: 'an unknown model', body: (at, asked) => withFields(asked, { model: `sim/${at('model')}` }) },
  { name: 'an unknown provider', body: (at, asked) => withFields(asked, { model: `${at('model')}/gpt` }) },
  {
    name: 'an unknown region',
    body: (at, asked) => withFields(asked, { model: `sim/echo@${at('region')}` }),
  },
  {
    name: 'a model of the wrong type',
    body: (at, asked) => withFields(asked, { model: { name: at('model') } }),
  },
  {
    name: 'what was said of the wrong type',
    body: (at, asked) => {
      const [field = ''] = Object.keys(asked.route.content.asking('')).slice(-1);
      return withFields(asked, { [field]: { text: at('said') } });
    },
  },
  {
    name: 'stream of the wrong type',
    body: (at, asked) => withFields(asked, { stream: at('stream') }),
    at: ({ served }) => served.streams,
  },
  { name: 'our object of the wrong type', body: (at, asked) => withFields(asked, { lethe: at('lethe') }) },
  { name: 'a wish of the wrong type', body: (at, asked) => withFields(asked, { lethe: { zdr: at('zdr') } }) },
  {
    name: 'an unknown wish',
    body: (at, asked) => withFields(asked, { provider: { data_collection: at('wish') } }),
  },
  {
    name: 'a field of ours that is no list',
    body: (at, asked) => withFields(asked, { lethe: { tags: at('tags'), extra: at('extra') } }),
    maybe: true,
  },
  {
    name: 'an unknown field',
    body: (at, asked) => withFields(asked, { [at('name')]: at('value') }),
    maybe: true,
  },
  {
    name: 'a value that the provider refuses',
    body: (at, asked) =>
      withFields(asked, { max_tokens: -1, encoding_format: at('format'), user: at('user') }),
    maybe: true,
  },
  {
    name: 'nothing said',
    body: (at, asked) => JSON.stringify({ model: `sim/${plainModel(asked.route)}`, user: at('user') }),
  },
];

const byPolicy = (name: string, at: Outcome['at'], make: MakeBody): Outcome => ({
  name,
  streams: false,
  ...(at !== undefined && { at }),
  run: async (asked) => {
    const answer = await post(asked, { body: make((place) => asked.planter.at(place).text, asked) });
    if (asked.planter.profile.name === 'zdr') expectStatus(asked, answer, isRefused);
    return answer;
  },
});

const valueFor = (rule: string, text: string): unknown => {
  if (rule === 'array') return [text];
  return rule === 'object' ? { id: text } : text;
};

/** Whatever Zero Data Retention refuses, by the router's own lists and by the contents': other keys may send it. */
export const refusedByPolicy = (): Outcome[] => {
  const fields = new Set(servedRoutes().flatMap(({ zdr }) => zdr.refused));
  const watched = new Set(Object.values(contentsByPath).flatMap((content) => Object.keys(content.watched)));
  return [
    ...[...fields].map((field) =>
      byPolicy(
        `${field} refused`,
        ({ served }) => served.zdr.refused.includes(field),
        (at, asked) =>
          withFields(asked, { [field]: valueFor(asked.route.served.fields[field] ?? '', at(field)) }),
      ),
    ),
    ...[...watched].map((name) =>
      byPolicy(
        `${name} refused`,
        ({ content }) => name in content.watched,
        (at, asked) => withFields(asked, asked.route.content.watched[name]?.(at(name)) ?? {}),
      ),
    ),
  ];
};

const compressed = (encoding: string, compress: (bytes: Buffer) => Buffer): Outcome => ({
  name: `a body in ${encoding}`,
  streams: true,
  run: (asked) => {
    const { planter, route } = asked;
    const plain = Buffer.from(bodyOf(asked, plainModel(route), awkward(planter.at('prompt'))));
    const body = planter.bytes('compressed body', compress(plain));
    return post(asked, { body, headers: { 'content-encoding': encoding } });
  },
});

/** Bodies that the router itself turns away, and those that it has to unpack first. */
export const refusals: readonly Outcome[] = [
  ...[...broken, ...wrong].map(refused),
  compressed('gzip', gzipSync),
  compressed('deflate', deflateSync),
  compressed('br', brotliCompressSync),
  compressed('zstd', gzipSync),
];
