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
