import { catalogModels } from './models/all.js';
import { findSimulatedModel } from './models/simulated.js';
import { findProvider } from './providers/all.js';
import type { CatalogModel, CatalogProvider, CatalogRegion } from './types.js';

const NAME_LENGTH_MAX = 256;

export interface ResolvedModel {
  readonly provider: CatalogProvider;
  readonly model: CatalogModel;
  readonly region: CatalogRegion | undefined;
}

const byName = new Map<string, CatalogModel>(
  catalogModels.flatMap((model) => [
    [model.id, model] as const,
    ...model.upstreamAliases.map(
      (alias) => [`${model.provider}/${alias}`, { ...model, upstreamModel: alias }] as const,
    ),
  ]),
);

const findModel = (provider: CatalogProvider, name: string): CatalogModel | undefined =>
  provider.id === 'sim' ? findSimulatedModel(name) : byName.get(`${provider.id}/${name}`);

/**
 * Reads `provider/model[@region]`, split on the first slash and the last `@`. Undefined for whatever the catalogue does
 * not hold: an unknown provider, model or region, and `policy/<name>`. A dated snapshot resolves to its model's id, with
 * the snapshot as upstreamModel.
 */
export const resolveModel = (name: string): ResolvedModel | undefined => {
  const slash = name.length > NAME_LENGTH_MAX ? -1 : name.indexOf('/');
  const provider = slash < 1 ? undefined : findProvider(name.slice(0, slash));
  if (provider === undefined) return undefined;
  const rest = name.slice(slash + 1);
  const at = rest.lastIndexOf('@');
  const model = findModel(provider, at < 0 ? rest : rest.slice(0, at));
  if (model === undefined) return undefined;
  if (at < 0) return { provider, model, region: undefined };
  const region = provider.regions.find(({ id }) => id === rest.slice(at + 1));
  return region === undefined ? undefined : { provider, model, region };
};

/** The catalogue's model behind a model name that a provider put into its answer, or undefined. */
export const findUpstreamModel = (providerId: string, upstreamModel: string): CatalogModel | undefined => {
  const provider = upstreamModel.length > NAME_LENGTH_MAX ? undefined : findProvider(providerId);
  return provider === undefined ? undefined : findModel(provider, upstreamModel);
};

/** The listed models of these providers, in the catalogue's order. */
export const listModels = (providerIds: readonly string[]): CatalogModel[] => {
  const wanted = new Set(providerIds);
  return catalogModels.filter((model) => wanted.has(model.provider));
};
