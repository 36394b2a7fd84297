import type { ServiceName } from '@lethe/contracts';
import { appSettings } from '../settings/apps.js';
import { type Environment, type Reading, readSettings } from '../settings/read-settings.js';
import { launchObjects } from './launch-objects.js';

/** All that the launcher needs to start one service. */
export interface AppLaunch {
  /** What the service is handed over. */
  readonly launch: Readonly<Record<string, unknown>>;
  readonly preflight: 'strict' | 'warn';
  readonly buildDigest: string | undefined;
  readonly routerWorkers: number;
  /** Folders that the service must be able to write to, on a disk. */
  readonly folders: readonly string[];
}

const map = <T, U>(reading: Reading<T>, use: (settings: T) => U): Reading<U> =>
  'problems' in reading ? reading : { settings: use(reading.settings) };

interface Common {
  readonly LETHE_PREFLIGHT: 'strict' | 'warn';
  readonly LETHE_BUILD_DIGEST?: string | undefined;
}
const common = (given: Common, launch: Readonly<Record<string, unknown>>): AppLaunch => ({
  launch,
  preflight: given.LETHE_PREFLIGHT,
  buildDigest: given.LETHE_BUILD_DIGEST,
  routerWorkers: 1,
  folders: [],
});

type Read = (env: Environment) => Reading<AppLaunch>;

const readers: Readonly<Record<ServiceName, Read>> = {
  router: (env) =>
    map(readSettings(appSettings.router, env), (given) => ({
      ...common(given, launchObjects.router(given)),
      routerWorkers: given.LETHE_ROUTER_WORKERS,
    })),
  'admin-config': (env) =>
    map(readSettings(appSettings['admin-config'], env), (given) =>
      common(given, launchObjects['admin-config'](given)),
    ),
  accounting: (env) =>
    map(readSettings(appSettings.accounting, env), (given) => ({
      ...common(given, launchObjects.accounting(given)),
      folders: [given.LETHE_TRANSIT_KEYS_DIR],
    })),
  audit: (env) =>
    map(readSettings(appSettings.audit, env), (given) => ({
      ...common(given, launchObjects.audit(given)),
      folders: given.LETHE_ANCHORS_DIR === undefined ? [] : [given.LETHE_ANCHORS_DIR],
    })),
};

/** Reads what a service is started with from the environment and the files it names, as they are now. */
export const readAppLaunch = (app: ServiceName, env: Environment): Reading<AppLaunch> => readers[app](env);
