import { priceList } from '../price.js';
import { providerOf } from '../providers/all.js';
import type { CatalogModel } from '../types.js';

const ANSWERS = [
  'echo',
  'chat',
  'tools',
  'reasoning',
  'structured',
  'every-field',
  'cached',
  'refusal',
  'embed',
];
const FAULTS = [
  '400',
  '401',
  '403',
  '429',
  '500',
  '529',
  'hang',
  'slow-head',
  'reset',
  'reset-mid-stream',
  'cut',
  'cut-clean',
  'no-usage',
  'mid-stream-error',
  'bad-json',
  'huge-head',
  'endless',
  'endless-head',
  'drip',
  'gzip',
  'redirect',
  'two-responses',
  'informational',
  'unknown-finish',
  'wrong-content-type',
  'long-length',
  'short-length',
  'truncated-chunk',
];
/** Names of the catalogue alone: what the simulated provider is asked for in their place. */
const RENAMED = new Map([
  ['unpriced', 'echo'],
  ['no-usage', 'fault-no-usage'],
]);

const generating = ['chat_completions', 'completions', 'responses', 'messages', 'count_tokens'] as const;

/** Faults strike at every endpoint. */
const endpointsOf = (upstreamModel: string): CatalogModel['endpoints'] => {
  const name = upstreamModel.replace(/^strict-/, '');
  if (name.startsWith('fault-')) return [...generating, 'embeddings'];
  return name === 'embed' ? ['embeddings'] : generating;
};
const DELAY_MS_MAX = 60_000;

const priced = priceList('simulated', null);
const asOf = '2026-11-21';
const price = priced({ input: '0.5', cached: '0.05', cacheWrite: '0.625', output: '1.5', asOf });
const embeddingPrice = priced({ input: '0.5', output: '0', asOf });

const priceOf = (name: string): CatalogModel['price'] => {
  if (name === 'unpriced') return null;
  return name === 'embed' || name === 'strict-embed' ? embeddingPrice : price;
};

const knownNames = new Set([
  ...ANSWERS,
  ...ANSWERS.map((name) => `strict-${name}`),
  ...FAULTS.flatMap((kind) =>
    ['', 'strict-'].flatMap((strict) => [`${strict}fault-${kind}`, `${strict}fault-${kind}-then-ok`]),
  ),
  ...RENAMED.keys(),
]);

const simulatedModel = (name: string, delay: string): CatalogModel => ({
  id: `sim/${name}`,
  provider: 'sim',
  upstreamModel: `${RENAMED.get(name) ?? name}${delay}`,
  upstreamAliases: [],
  endpoints: endpointsOf(RENAMED.get(name) ?? name),
  contextWindow: 1_000_000,
  maxOutputTokens: 100_000,
  price: priceOf(name),
  supports: { tools: true, vision: true, reasoning: name === 'reasoning', jsonSchema: true },
  dataPolicy: providerOf('sim').dataPolicy,
});

/**
 * The model of the simulated provider with that name, `~<milliseconds>` allowed at its end, or undefined. The id is the
 * name without the delay: a closed set, since it is stored as telemetry.
 */
export const findSimulatedModel = (name: string): CatalogModel | undefined => {
  const parts = /^([a-z0-9-]{1,64})(~(\d{1,5}))?$/.exec(name);
  if (parts?.[1] === undefined || !knownNames.has(parts[1])) return undefined;
  if (Number(parts[3] ?? 0) > DELAY_MS_MAX) return undefined;
  return simulatedModel(parts[1], parts[2] ?? '');
};

export const simulatedModels: readonly CatalogModel[] = [
  ...ANSWERS,
  ...RENAMED.keys(),
  'strict-echo',
  'strict-chat',
  'fault-400',
  'fault-429',
  'fault-500',
  'fault-hang',
  'fault-cut',
].map((name) => simulatedModel(name, ''));
