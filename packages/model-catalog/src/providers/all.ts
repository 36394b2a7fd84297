import type { CatalogProvider, ProviderId } from '../types.js';
import { firstPartyProviders } from './first-party.js';
import { hostProviders } from './hosts.js';
import { otherDialectProviders } from './other-dialects.js';
import { simulatedProvider } from './simulated.js';

export const catalogProviders: readonly CatalogProvider[] = [
  ...firstPartyProviders,
  ...hostProviders,
  ...otherDialectProviders,
  simulatedProvider,
];

const byId = new Map<string, CatalogProvider>(catalogProviders.map((provider) => [provider.id, provider]));

/** The provider of that id, or undefined. */
export const findProvider = (id: string): CatalogProvider | undefined => byId.get(id);

/** The provider of an id that is known to exist. */
export const providerOf = (id: ProviderId): CatalogProvider => byId.get(id) as CatalogProvider;
