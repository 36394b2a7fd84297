import { priceList } from '../price.js';
import { providerOf } from '../providers/all.js';
import type { CatalogModel } from '../types.js';

const ANSWERS = ['echo', 'chat', 'tools', 'reasoning', 'structured', 'every-field', 'cached', 'embed'];
const FAULTS = [
  '400',
  '401',
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
  'gzip',
  'redirect',
  'two-responses',
  'informational',
  'unknown-finish',
];
/** Names of the catalogue alone: what the simulated provider is asked for in their place. */
const RENAMED = new Map([
  ['unpriced', 'echo'],
  ['no-usage', 'fault-no-usage'],
]);

/** What each of them but `embed` serves. */
const generating = ['chat_completions', 'completions', 'responses', 'messages', 'count_tokens'] as const;
const DELAY_MS_MAX = 60_000;

const price = priceList(
  'simulated',
  null,
)({ input: '0.5', cached: '0.05', cacheWrite: '0.625', output: '1.5', asOf: '2026-11-21' });

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
  endpoints: name === 'embed' ? ['embeddings'] : generating,
  contextWindow: 1_000_000,
  maxOutputTokens: 100_000,
  price: name === 'unpriced' ? null : price,
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
