import type { CatalogModel, DataPolicy, Endpoint, ModelPrice, ModelSupport, ProviderId } from './types.js';

export interface ModelDefaults {
  readonly provider: ProviderId;
  readonly endpoints: readonly Endpoint[];
  readonly dataPolicy: DataPolicy;
}

export interface ModelLine {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly context: number | null;
  readonly output: number | null;
  readonly price: ModelPrice | null;
  readonly supports: ModelSupport;
  /** Where they differ from the provider's. */
  readonly endpoints?: readonly Endpoint[];
  readonly dataPolicy?: DataPolicy;
}

export const textModel: ModelSupport = { tools: true, vision: false, reasoning: false, jsonSchema: true };
export const visionModel: ModelSupport = { ...textModel, vision: true };
export const reasoningModel: ModelSupport = { ...textModel, reasoning: true };
export const visionReasoningModel: ModelSupport = { ...visionModel, reasoning: true };

/** Turns one provider's lines into catalogue models. */
export const defineModels = (
  { provider, endpoints, dataPolicy }: ModelDefaults,
  lines: readonly ModelLine[],
): readonly CatalogModel[] =>
  lines.map((line) => ({
    id: `${provider}/${line.name}`,
    provider,
    upstreamModel: line.name,
    upstreamAliases: line.aliases ?? [],
    endpoints: line.endpoints ?? endpoints,
    contextWindow: line.context,
    maxOutputTokens: line.output,
    price: line.price,
    supports: line.supports,
    dataPolicy: line.dataPolicy ?? dataPolicy,
  }));
