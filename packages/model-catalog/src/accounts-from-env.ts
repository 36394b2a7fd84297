import { catalogProviders } from './providers/all.js';
import type { CatalogProvider } from './types.js';

export interface EnvironmentProviderAccount {
  readonly providerAccountId: string;
  readonly provider: string;
  readonly baseUrl: string;
  readonly credential: string;
  /** A region of the provider, or '' for none. */
  readonly region: string;
}

/** A variable that cannot be used. Names the variable, never its value. */
export class ProviderEnvironmentError extends Error {
  readonly variable: string;
  constructor(variable: string) {
    super(`${variable} cannot be used`);
    this.variable = variable;
  }
}

const CREDENTIAL_LENGTH_MAX = 4096;

const readBaseUrl = (variable: string, text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const usable =
    (url?.protocol === 'https:' || url?.protocol === 'http:') &&
    url.username === '' &&
    url.password === '' &&
    url.search === '' &&
    url.hash === '';
  if (!usable) throw new ProviderEnvironmentError(variable);
  return text.replace(/\/+$/, '');
};

const readAccount = (
  provider: CatalogProvider,
  env: Readonly<Record<string, string | undefined>>,
): EnvironmentProviderAccount | undefined => {
  const credential = env[provider.env.apiKey]?.trim() ?? '';
  if (credential === '') return undefined;
  if (credential.length > CREDENTIAL_LENGTH_MAX || !/^[\x21-\x7e]+$/.test(credential))
    throw new ProviderEnvironmentError(provider.env.apiKey);
  const baseUrl = env[provider.env.baseUrl]?.trim() || provider.defaultBaseUrl;
  if (baseUrl === null) throw new ProviderEnvironmentError(provider.env.baseUrl);
  const region = env[provider.env.region]?.trim() ?? '';
  if (region !== '' && !provider.regions.some(({ id }) => id === region))
    throw new ProviderEnvironmentError(provider.env.region);
  return {
    providerAccountId: `env-${provider.id}`,
    provider: provider.id,
    baseUrl: readBaseUrl(provider.env.baseUrl, baseUrl),
    credential,
    region,
  };
};

/**
 * One account for each provider whose key variable is set and whose dialect is among `dialects`. Throws
 * ProviderEnvironmentError for a value that cannot be used.
 */
export const providerAccountsFromEnv = (
  env: Readonly<Record<string, string | undefined>>,
  dialects: readonly CatalogProvider['dialect'][] = ['openai', 'anthropic'],
): EnvironmentProviderAccount[] =>
  catalogProviders
    .filter((provider) => dialects.includes(provider.dialect))
    .map((provider) => readAccount(provider, env))
    .filter((account) => account !== undefined);
