import { describe, expect, it } from '@jest/globals';
import { isBoundedIdentifier, isModelName } from '@lethe/contracts';
import { catalogModels, catalogProviders } from '@lethe/model-catalog';

describe('what the router writes by itself always fits telemetry', () => {
  it('every model of the catalogue has a name that is stored, and every provider and region an identifier', () => {
    expect(catalogModels.filter((model) => !isModelName(model.id)).map((model) => model.id)).toEqual([]);
    const identifiers = catalogProviders.flatMap((provider) => [
      provider.id,
      ...provider.regions.map((region) => region.id),
    ]);
    expect(identifiers.filter((id) => !isBoundedIdentifier(id))).toEqual([]);
  });

  it('the check would notice a name that accounting rejects', () => {
    expect(isModelName('chat~50')).toBe(false);
  });
});
