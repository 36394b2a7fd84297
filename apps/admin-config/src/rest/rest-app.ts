import { OpenAPIHono } from '@hono/zod-openapi';
import { type Logger, type Registry, withHouseRoutes } from '@lethe/service-kit';
import type { BlankEnv } from 'hono/types';
import type { Authenticator } from '../identity/authenticate.js';
import { type Deps, refuse } from '../use-cases/change.js';
import { refuseUnknown } from '../use-cases/refused-attempts.js';
import { apiKeyEndpoints } from './api-key-endpoints.js';
import { apiKeySettingEndpoints } from './api-key-setting-endpoints.js';
import type { Endpoint } from './endpoint.js';
import { fieldEndpoints } from './field-endpoints.js';
import { groupEndpoints } from './group-endpoints.js';
import { memberEndpoints } from './member-endpoints.js';
import { mount } from './mount.js';
import { operatorEndpoints } from './operator-endpoints.js';
import { orgEndpoints } from './org-endpoints.js';
import { zdrEndpoints } from './zdr-endpoints.js';

export interface RestOptions {
  readonly deps: Deps;
  readonly authenticator: Authenticator;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly ready: () => Promise<boolean>;
}

/** Every endpoint there is, in order of registration: fixed paths stand before those with parameters. */
export const allEndpoints = (deps: Deps): readonly Endpoint[] => [
  ...orgEndpoints(deps),
  ...zdrEndpoints(deps),
  ...memberEndpoints(deps),
  ...groupEndpoints(deps),
  ...fieldEndpoints(deps),
  ...apiKeyEndpoints(deps),
  ...apiKeySettingEndpoints(deps),
  ...operatorEndpoints(deps),
];

const credentials = {
  management: 'A management token, lethe_mgmt_…',
  operator: "The operator's token, lethe_ops_…",
  api_key: 'An API key, sk-lethe-… or an imported one',
} as const;

const info = { title: 'Lethe admin-config', version: '1' } as const;

/** The REST face with its own description at /openapi.json. */
export const createRestApp = (options: RestOptions): OpenAPIHono<BlankEnv> => {
  const app = withHouseRoutes(new OpenAPIHono<BlankEnv>(), {
    origin: 'admin-config',
    log: options.log,
    metrics: options.metrics,
    ready: options.ready,
  });
  for (const [name, description] of Object.entries(credentials)) {
    app.openAPIRegistry.registerComponent('securitySchemes', name, {
      type: 'http',
      scheme: 'bearer',
      description,
    });
  }
  const { deps, authenticator } = options;
  mount(app, allEndpoints(deps), {
    authenticator,
    refuse: (caller, refusal) => refuse(deps, caller, refusal),
    refuseUnknown: (caller, org, attempt) => refuseUnknown(deps, caller, org, attempt),
  });
  app.doc31('/openapi.json', { openapi: '3.1.0', info });
  return app;
};
