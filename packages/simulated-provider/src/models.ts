import type { Json } from './json-codec.js';

/** Models that answer with text, reasoning or calls. */
export const ANSWER_MODELS = [
  'echo',
  'chat',
  'tools',
  'reasoning',
  'structured',
  'every-field',
  'cached',
  'refusal',
] as const;
export type AnswerModel = (typeof ANSWER_MODELS)[number];

/** The model that answers with vectors. */
export const EMBEDDING_MODEL = 'embed';

/** Endpoints by the names that the ledger and the list of models use. */
export const ENDPOINTS = [
  'chat',
  'completions',
  'responses',
  'embeddings',
  'messages',
  'count_tokens',
] as const;
export type Endpoint = (typeof ENDPOINTS)[number];

export const FAULT_KINDS = [
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
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

const DELAY_MS_MAX = 60_000;
const MODELS_CREATED = 1_760_000_000;

export interface Model {
  /** The name as asked for, known to be made of known parts only. */
  readonly name: string;
  /** What answers, also when a fault lets some of the answer through. */
  readonly answer: AnswerModel | typeof EMBEDDING_MODEL;
  readonly fault: FaultKind | null;
  /** The fault strikes only the first time a request body is seen. */
  readonly thenOk: boolean;
  /** Unknown top-level request fields are refused. */
  readonly strict: boolean;
  readonly chunkDelayMs: number | null;
}

const BASE_NAMES = [...ANSWER_MODELS, EMBEDDING_MODEL] as const;

/** Reads `[strict-](<answer> | fault-<kind>[-then-ok])[~<milliseconds>]`; null for any other name. */
export function parseModel(name: string): Model | null {
  const parts = /^(strict-)?([a-z0-9-]{1,64}?)(?:~(\d{1,5}))?$/.exec(name);
  const base = parts?.[2];
  if (base === undefined) return null;
  const chunkDelayMs = parts?.[3] === undefined ? null : Number(parts[3]);
  if (chunkDelayMs !== null && chunkDelayMs > DELAY_MS_MAX) return null;
  const common = { name, strict: parts?.[1] !== undefined, chunkDelayMs };
  const answer = BASE_NAMES.find((known) => known === base);
  if (answer !== undefined) return { ...common, answer, fault: null, thenOk: false };
  const kind = /^fault-(.+?)(-then-ok)?$/.exec(base);
  const fault = FAULT_KINDS.find((known) => known === kind?.[1]);
  if (fault === undefined) return null;
  return { ...common, answer: 'echo', fault, thenOk: kind?.[2] !== undefined };
}

/** Where a model can be asked. Faults are served everywhere. */
export function endpointsOf({ answer, fault }: Model): readonly Endpoint[] {
  if (fault !== null) return ENDPOINTS;
  return ENDPOINTS.filter((endpoint) => (endpoint === 'embeddings') === (answer === EMBEDDING_MODEL));
}

export const servesAt = (model: Model, endpoint: Endpoint): boolean => endpointsOf(model).includes(endpoint);

const NAMES = [
  ...BASE_NAMES,
  ...BASE_NAMES.map((name) => `strict-${name}`),
  ...FAULT_KINDS.flatMap((kind) => [`fault-${kind}`, `fault-${kind}-then-ok`]),
];

const modelJson = (id: string, model: Model): Json => ({
  id,
  object: 'model',
  created: MODELS_CREATED,
  owned_by: 'simulated-provider',
  endpoints: [...endpointsOf(model)],
});

/** The body of `GET /v1/models/{id}`, or null for a name that is not known. */
export function modelEntryJson(id: string): Json | null {
  const model = parseModel(id);
  return model === null ? null : modelJson(id, model);
}

/** The body of `GET /v1/models`: every name without its optional delay. */
export const modelListJson = (): Json => ({ object: 'list', data: NAMES.map(modelEntryJson) });
