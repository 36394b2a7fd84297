import { join, resolve } from 'node:path';
import {
  type EnvironmentProviderAccount,
  ProviderEnvironmentError,
  providerAccountsFromEnv,
} from '@lethe/model-catalog';
import { repositoryRoot } from '../repository.js';
import { Problem } from '../terminal/problem.js';
import { readSmallFile } from './read-small-file.js';
import { childEnvironmentOf } from './services/child-environment.js';
import { basePortMax } from './services/ports.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** What `lethe up` takes from the environment; nothing else of it is read. */
export interface UpSettings {
  readonly home: string;
  /** 0: choose free ones. */
  readonly portBase: number;
  /** A failed item of the preflight ends the start. */
  readonly strict: boolean;
  /** Whether the last bytes of an answer wait until its bill is stored. */
  readonly billingDurability: 'default' | 'strict';
  /** Processes that serve as the router, side by side. */
  readonly routerWorkers: number;
  /** How long a router may believe its policy without hearing anew; what EnableZDR waits for in the worst case. */
  readonly leaseTtlMs: number;
  readonly providerAccounts: readonly EnvironmentProviderAccount[];
  /** curl would send even loopback through a proxy that its variables name. */
  readonly behindProxy: boolean;
  /** The whole environment of the services. */
  readonly childEnvironment: Readonly<Record<string, string>>;
}

/** Where this Lethe keeps its state: LETHE_HOME, or `.lethe` in the repository. */
export const homeFolder = (env: Environment): string =>
  resolve(env.LETHE_HOME || join(repositoryRoot, '.lethe'));

const readPortBase = (text: string | undefined): number => {
  if (text === undefined || text === '') return 4000;
  const base = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (base === 0 || (base >= 1 && base <= basePortMax)) return base;
  throw new Problem(`LETHE_PORT_BASE must be a whole number from 1 to ${basePortMax}, or 0 for free ports.`);
};

const readStrict = (text: string | undefined): boolean => {
  if (text === undefined || text === '' || text === '0') return false;
  if (text === '1') return true;
  throw new Problem('ZDR_STRICT must be 0 or 1.');
};

const readBillingDurability = (text: string | undefined): UpSettings['billingDurability'] => {
  if (text === undefined || text === '' || text === 'default') return 'default';
  if (text === 'strict') return 'strict';
  throw new Problem('BILLING_DURABILITY must be default or strict.');
};

const routerWorkersMax = 64;

const readRouterWorkers = (text: string | undefined): number => {
  if (text === undefined || text === '') return 1;
  const workers = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  if (workers >= 1 && workers <= routerWorkersMax) return workers;
  throw new Problem(`ROUTER_WORKERS must be a whole number from 1 to ${routerWorkersMax}.`);
};

const leaseTtlMsMin = 500;
const leaseTtlMsMax = 60_000;

const readLeaseTtlMs = (text: string | undefined): number => {
  if (text === undefined || text === '') return 10_000;
  const ttlMs = /^\d{3,5}$/.test(text) ? Number(text) : Number.NaN;
  if (ttlMs >= leaseTtlMsMin && ttlMs <= leaseTtlMsMax) return ttlMs;
  throw new Problem(`LETHE_LEASE_TTL_MS must be a whole number from ${leaseTtlMsMin} to ${leaseTtlMsMax}.`);
};

const readProviderAccounts = (env: Environment): readonly EnvironmentProviderAccount[] => {
  try {
    return providerAccountsFromEnv(env, readSmallFile);
  } catch (error) {
    if (error instanceof ProviderEnvironmentError)
      throw new Problem(
        `${error.variable} cannot be used as it is.`,
        'Correct it or unset it, then start again.',
      );
    throw error;
  }
};

/** Reads the environment. Throws Problem naming the variable that cannot be used, never its value. */
export const readUpSettings = (env: Environment): UpSettings => ({
  home: homeFolder(env),
  portBase: readPortBase(env.LETHE_PORT_BASE),
  strict: readStrict(env.ZDR_STRICT),
  billingDurability: readBillingDurability(env.BILLING_DURABILITY),
  routerWorkers: readRouterWorkers(env.ROUTER_WORKERS),
  leaseTtlMs: readLeaseTtlMs(env.LETHE_LEASE_TTL_MS),
  providerAccounts: readProviderAccounts(env),
  behindProxy: ['http_proxy', 'all_proxy', 'ALL_PROXY'].some((name) => (env[name] ?? '') !== ''),
  childEnvironment: childEnvironmentOf(env),
});
