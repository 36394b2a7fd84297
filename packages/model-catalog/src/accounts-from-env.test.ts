import { describe, expect, it } from '@jest/globals';
import { ProviderEnvironmentError, providerAccountsFromEnv } from './accounts-from-env.js';

describe('providerAccountsFromEnv', () => {
  it('makes an account for each provider whose key is set', () => {
    expect(providerAccountsFromEnv({})).toEqual([]);
    expect(providerAccountsFromEnv({ OPENAI_API_KEY: ' ', GROQ_API_KEY: 'gsk_1' })).toEqual([
      {
        providerAccountId: 'env-groq',
        provider: 'groq',
        baseUrl: 'https://api.groq.com/openai/v1',
        credential: 'gsk_1',
        region: '',
      },
    ]);
  });

  it('takes a base URL and a region', () => {
    const env = {
      OPENAI_API_KEY: 'sk-1',
      OPENAI_BASE_URL: 'http://127.0.0.1:9/v1//',
      OPENAI_REGION: 'eu',
      GEMINI_API_KEY: 'not served yet',
    };
    expect(providerAccountsFromEnv(env)).toEqual([
      {
        providerAccountId: 'env-openai',
        provider: 'openai',
        baseUrl: 'http://127.0.0.1:9/v1',
        credential: 'sk-1',
        region: 'eu',
      },
    ]);
  });

  const certificate = '-----BEGIN CERTIFICATE-----\nsecret\n-----END CERTIFICATE-----\n';
  const privateKey = '-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n';
  const files: Readonly<Record<string, string>> = { cert: certificate, key: privateKey };
  const readFile = (path: string): string | undefined => files[path];

  it('takes a proxy, an authority and a client certificate, each provider by its own variables', () => {
    const env = {
      OPENAI_API_KEY: 'sk-1',
      OPENAI_PROXY_URL: 'http://user:secret@proxy:3128',
      OPENAI_CA_FILE: 'cert',
      OPENAI_CLIENT_CERT_FILE: 'cert',
      OPENAI_CLIENT_KEY_FILE: 'key',
      GROQ_API_KEY: 'gsk_1',
      HTTPS_PROXY: 'http://not-read',
    };
    const [openai, groq] = providerAccountsFromEnv(env, readFile);
    expect(openai).toMatchObject({
      proxyUrl: 'http://user:secret@proxy:3128',
      caCertificatesPem: certificate,
      clientCertificatePem: certificate,
      clientPrivateKeyPem: privateKey,
    });
    expect(Object.keys(groq ?? {})).toEqual([
      'providerAccountId',
      'provider',
      'baseUrl',
      'credential',
      'region',
    ]);
    const azure = {
      AZURE_OPENAI_API_KEY: 'k',
      AZURE_OPENAI_BASE_URL: 'https://a',
      AZURE_OPENAI_CA_FILE: 'cert',
    };
    expect(providerAccountsFromEnv(azure, readFile)).toMatchObject([{ caCertificatesPem: certificate }]);
  });

  it.each([
    [{ OPENAI_PROXY_URL: 'https://secret' }, 'OPENAI_PROXY_URL'],
    [{ OPENAI_PROXY_URL: 'secret:3128' }, 'OPENAI_PROXY_URL'],
    [{ OPENAI_PROXY_URL: 'http://secret/path' }, 'OPENAI_PROXY_URL'],
    [{ OPENAI_CA_FILE: 'secret' }, 'OPENAI_CA_FILE'],
    [{ OPENAI_CA_FILE: 'key' }, 'OPENAI_CA_FILE'],
    [{ OPENAI_CLIENT_CERT_FILE: 'cert' }, 'OPENAI_CLIENT_KEY_FILE'],
    [{ OPENAI_CLIENT_KEY_FILE: 'key' }, 'OPENAI_CLIENT_CERT_FILE'],
    [{ OPENAI_CLIENT_CERT_FILE: 'cert', OPENAI_CLIENT_KEY_FILE: 'cert' }, 'OPENAI_CLIENT_KEY_FILE'],
  ])('refuses %j by the name of the variable, and quotes nothing', (env, variable) => {
    const read = () => providerAccountsFromEnv({ OPENAI_API_KEY: 'sk', ...env }, readFile);
    expect(read).toThrow(variable);
    expect(read).not.toThrow(/secret/);
  });

  it.each([
    [{ OPENAI_API_KEY: 'sk', OPENAI_BASE_URL: 'ftp://secret/' }, 'OPENAI_BASE_URL'],
    [{ OPENAI_API_KEY: 'sk', OPENAI_BASE_URL: 'https://secret:secret@host/' }, 'OPENAI_BASE_URL'],
    [{ OPENAI_API_KEY: 'sk', OPENAI_BASE_URL: 'https://host/?key=secret' }, 'OPENAI_BASE_URL'],
    [{ OPENAI_API_KEY: 'sk secret' }, 'OPENAI_API_KEY'],
    [{ OPENAI_API_KEY: 'sk', OPENAI_REGION: 'secret' }, 'OPENAI_REGION'],
    [{ AZURE_OPENAI_API_KEY: 'secret' }, 'AZURE_OPENAI_BASE_URL'],
  ])('refuses %j by the name of the variable', (env, variable) => {
    let caught: unknown;
    try {
      providerAccountsFromEnv(env);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(ProviderEnvironmentError);
    expect(caught).toMatchObject({ variable });
    expect(String(caught)).not.toContain('secret');
  });
});
