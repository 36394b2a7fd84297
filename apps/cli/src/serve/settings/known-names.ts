import { type ServiceName, serviceNames } from '@lethe/contracts';
import { appSettings } from './apps.js';
import type { Environment } from './read-settings.js';

const namesOf = (app: ServiceName): string[] => Object.keys(appSettings[app].schema.shape);

const everyName = new Set(serviceNames.flatMap(namesOf));

/** Variables that look like settings and are none of any service: a slip of the pen, most likely. */
export const unknownSettings = (app: ServiceName, env: Environment): string[] => {
  const own = new Set(namesOf(app));
  return Object.keys(env)
    .filter((name) => /^LETHE_[A-Z0-9_]{1,80}$/.test(name) && !own.has(name) && !everyName.has(name))
    .sort();
};
