import { catalogProviders } from './providers/all.js';
import type { CatalogProvider } from './types.js';

export interface EnvironmentProviderAccount {
  readonly providerAccountId: string;
  readonly provider: string;
  readonly baseUrl: string;
  readonly credential: string;
  /** A region of the provider, or '' for none. */
  readonly region: string;
  /** http://[user:password@]host[:port] */
  readonly proxyUrl?: string;
  readonly caCertificatesPem?: string;
  readonly clientCertificatePem?: string;
  readonly clientPrivateKeyPem?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;
/** Reads a small text file; undefined when that cannot be done. */
export type ReadSmallFile = (path: string) => string | undefined;

/** A variable that cannot be used. Names the variable, never its value. */
export class ProviderEnvironmentError extends Error {
  readonly variable: string;
  constructor(variable: string) {
    super(`${variable} cannot be used`);
    this.variable = variable;
  }
}

const CREDENTIAL_LENGTH_MAX = 4096;
const certificateLabel = /^-----BEGIN CERTIFICATE-----\r?$/m;
const privateKeyLabel = /^-----BEGIN (?:RSA |EC )?PRIVATE KEY-----\r?$/m;

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

const readProxyUrl = (variable: string, text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const usable = url?.protocol === 'http:' && url.pathname === '/' && url.search === '' && url.hash === '';
  if (!usable || text.length > CREDENTIAL_LENGTH_MAX) throw new ProviderEnvironmentError(variable);
  return text;
};

/** How connections to a provider are made: `<PREFIX>_PROXY_URL` and three files, all of them optional. */
const readRoute = (
  prefix: string,
  env: Environment,
  readFile: ReadSmallFile,
): Partial<EnvironmentProviderAccount> => {
  const textOf = (name: string): string => env[name]?.trim() ?? '';
  const pemOf = (name: string, label: RegExp): string | undefined => {
    const path = textOf(name);
    if (path === '') return undefined;
    const text = readFile(path);
    if (text === undefined || !label.test(text)) throw new ProviderEnvironmentError(name);
    return text;
  };
  const proxyUrl = textOf(`${prefix}_PROXY_URL`);
  const caCertificatesPem = pemOf(`${prefix}_CA_FILE`, certificateLabel);
  const clientCertificatePem = pemOf(`${prefix}_CLIENT_CERT_FILE`, certificateLabel);
  const clientPrivateKeyPem = pemOf(`${prefix}_CLIENT_KEY_FILE`, privateKeyLabel);
  // One without the other says nothing.
  if (clientCertificatePem === undefined && clientPrivateKeyPem !== undefined)
    throw new ProviderEnvironmentError(`${prefix}_CLIENT_CERT_FILE`);
  if (clientCertificatePem !== undefined && clientPrivateKeyPem === undefined)
    throw new ProviderEnvironmentError(`${prefix}_CLIENT_KEY_FILE`);
  return {
    ...(proxyUrl === '' ? {} : { proxyUrl: readProxyUrl(`${prefix}_PROXY_URL`, proxyUrl) }),
    ...(caCertificatesPem === undefined ? {} : { caCertificatesPem }),
    ...(clientCertificatePem === undefined ? {} : { clientCertificatePem }),
    ...(clientPrivateKeyPem === undefined ? {} : { clientPrivateKeyPem }),
  };
};

const readAccount = (
  provider: CatalogProvider,
  env: Environment,
  readFile: ReadSmallFile,
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
    ...readRoute(provider.env.baseUrl.replace(/_BASE_URL$/, ''), env, readFile),
  };
};

/**
 * One account for each provider whose key variable is set and whose dialect is among `dialects`. Files that variables
 * name are read by `readFile`. Throws ProviderEnvironmentError for a value that cannot be used.
 */
export const providerAccountsFromEnv = (
  env: Environment,
  readFile: ReadSmallFile = () => undefined,
  dialects: readonly CatalogProvider['dialect'][] = ['openai', 'anthropic'],
): EnvironmentProviderAccount[] =>
  catalogProviders
    .filter((provider) => dialects.includes(provider.dialect))
    .map((provider) => readAccount(provider, env, readFile))
    .filter((account) => account !== undefined);
