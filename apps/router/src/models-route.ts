import type { IncomingMessage, ServerResponse } from 'node:http';
import { type CatalogModel, type Endpoint, listModels, satisfiesNoRetention } from '@lethe/model-catalog';
import { authenticate } from './auth/authenticate.js';
import { facesByPath } from './dialects/all.js';
import type { House } from './house.js';

const served = new Set<Endpoint>([...facesByPath.values()].map(({ endpoint }) => endpoint));
const nanosPerDollar = 1e9;
const tokensPerMTok = 1e6;

/** USD for a single token, as the widely used listing spells prices. */
const perToken = (nanosPerMTok: bigint): number => Number(nanosPerMTok) / nanosPerDollar / tokensPerMTok;

const entryOf = (model: CatalogModel) => ({
  id: model.id,
  object: 'model',
  created: 0,
  owned_by: model.provider,
  api: model.endpoints.every((endpoint) => endpoint === 'embeddings') ? 'embedding' : 'chat',
  endpoints: model.endpoints,
  context_window: model.contextWindow,
  max_output_tokens: model.maxOutputTokens,
  input_price: model.price === null ? null : perToken(model.price.inputNanosPerMTok),
  output_price: model.price === null ? null : perToken(model.price.outputNanosPerMTok),
  cached_price: model.price === null ? null : perToken(model.price.cachedInputNanosPerMTok),
  caching_price: model.price === null ? null : perToken(model.price.cacheWriteNanosPerMTok),
  supports_vision: model.supports.vision,
  supports_tool_calling: model.supports.tools,
  supports_reasoning: model.supports.reasoning,
  supports_output_json_schema: model.supports.jsonSchema,
  data_retention: !satisfiesNoRetention(model.dataPolicy),
  privacy_comments: model.dataPolicy.privacyComments,
});

/** GET /v1/models: what can be called here and now. A key adds the organization's own provider accounts. */
export const serveModels = (house: House, incoming: IncomingMessage, res: ServerResponse): void => {
  const authenticated = authenticate(incoming, house.policy, Date.now());
  const orgId = authenticated.ok ? authenticated.principal.key.orgId : undefined;
  const models = listModels(house.policy.providers(orgId)).filter(({ endpoints }) =>
    endpoints.some((endpoint) => served.has(endpoint)),
  );
  const body = JSON.stringify({ object: 'list', data: models.map(entryOf), next_cursor: null });
  res.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-lethe-retention': 'none',
    'x-lethe-policy-version': String(house.policy.version),
  });
  res.end(body);
};
