import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { repositoryRoot } from '../repository.js';
import { readUpSettings } from './settings.js';

describe('what lethe up reads from the environment', () => {
  it('has defaults for all of it', () => {
    expect(readUpSettings({})).toEqual({
      home: join(repositoryRoot, '.lethe'),
      portBase: 4000,
      strict: false,
      billingDurability: 'default',
      routerWorkers: 1,
      leaseTtlMs: 10_000,
      providerAccounts: [],
      behindProxy: false,
      childEnvironment: { NODE_ENV: 'production' },
    });
  });

  it.each([
    ['LETHE_PORT_BASE', '70000'],
    ['LETHE_PORT_BASE', '-1'],
    ['LETHE_PORT_BASE', '4k'],
    ['LETHE_PORT_BASE', '64600'],
    ['ZDR_STRICT', 'yes'],
    ['BILLING_DURABILITY', 'no url'],
    ...['0', '65', '-2', '1.5', '2 ', 'no url', '1e1', 'auto'].map((value): [string, string] => [
      'ROUTER_WORKERS',
      value,
    ]),
    ...['499', '60001', '1e3', '1000 ', '-1000', 'no url'].map((value): [string, string] => [
      'LETHE_LEASE_TTL_MS',
      value,
    ]),
    ['OPENAI_BASE_URL', 'no url at all'],
  ])('names %s when it cannot be used, and does not quote it', (name, value) => {
    const read = () => readUpSettings({ OPENAI_API_KEY: 'sk-canary', [name]: value });
    expect(read).toThrow(name);
    expect(read).not.toThrow(/canary|no url/);
  });

  it('passes nothing on to the services that could carry a secret or change how they run', () => {
    const { childEnvironment } = readUpSettings({
      PATH: '/bin',
      TZ: 'UTC',
      NODE_OPTIONS: '--inspect',
      NODE_DEBUG: 'http',
      OPENAI_API_KEY: 'sk-canary',
      LETHE_OPERATOR_TOKEN: 'lethe_ops_canary',
      http_proxy: 'http://user:canary@proxy',
      PGPASSWORD: 'canary',
    });
    expect(childEnvironment).toEqual({ NODE_ENV: 'production', PATH: '/bin', TZ: 'UTC' });
  });

  it.each(['1', '4', '64'])('takes %s router workers', (text) => {
    expect(readUpSettings({ ROUTER_WORKERS: text }).routerWorkers).toBe(Number(text));
  });

  it.each(['500', '1000', '60000'])('takes a lease of %s ms', (text) => {
    expect(readUpSettings({ LETHE_LEASE_TTL_MS: text }).leaseTtlMs).toBe(Number(text));
  });

  it('reads the files that say how a provider is reached, small ones only', () => {
    const folder = mkdtempSync(join(tmpdir(), 'lethe-settings-'));
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const certificate = '-----BEGIN CERTIFICATE-----\ncanary\n-----END CERTIFICATE-----\n';
    const read = (path: string) => readUpSettings({ OPENAI_API_KEY: 'sk-1', OPENAI_CA_FILE: path });
    try {
      expect(read(file('ca.pem', certificate)).providerAccounts).toMatchObject([
        { caCertificatesPem: certificate },
      ]);
      for (const path of [
        folder,
        join(folder, 'canary'),
        file('none.pem', 'canary'),
        file('large.pem', certificate + 'canary'.repeat(50_000)),
      ]) {
        expect(() => read(path)).toThrow('OPENAI_CA_FILE');
        expect(() => read(path)).not.toThrow(/canary|lethe-settings/);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('turns the usual variable of a provider into an account', () => {
    expect(readUpSettings({ OPENAI_API_KEY: 'sk-1' }).providerAccounts).toMatchObject([
      { provider: 'openai', credential: 'sk-1' },
    ]);
  });
});
