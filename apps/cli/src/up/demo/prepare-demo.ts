import { createApiClient } from '../../operator/api-client.js';
import { createOperatorApi } from '../../operator/operator-api.js';
import type { Home } from '../home/home.js';
import { saveSecrets } from '../home/secrets.js';
import type { Secrets } from '../home/secrets-codec.js';
import type { Ports } from '../services/ports.js';
import { awaitEffect } from './await-effect.js';
import { demoPlan } from './demo-plan.js';
import { createManagementApi, type ManagementApi } from './management-api.js';
import { seedDemo } from './seed-demo.js';
import { ZdrWatch } from './zdr-watch.js';

/** Longer than admin-config takes to say that ZDR is not effective yet. */
const managementTimeoutMs = 20_000;

export interface DemoOptions {
  readonly home: Home;
  readonly ports: Ports;
  readonly secrets: Secrets;
  /** When this run began. */
  readonly since: Date;
  readonly signal: AbortSignal;
}

/** Seeds the demo and waits until the router serves it. Rejects with Problem. */
export const prepareDemo = async ({
  home,
  ports,
  secrets,
  since,
  signal,
}: DemoOptions): Promise<ZdrWatch> => {
  const url = (port: number): string => `http://127.0.0.1:${port}`;
  const adminConfig = url(ports.adminConfig);
  const operator = createOperatorApi(createApiClient(adminConfig, secrets.operatorToken));
  const management = (credential: string): ManagementApi =>
    createManagementApi(createApiClient(adminConfig, credential, managementTimeoutMs));
  await seedDemo({ operator, management, secrets, signal, save: () => saveSecrets(home, secrets) });
  const zdrWatch = new ZdrWatch(secrets.organizations, management);
  await zdrWatch.ask();
  const slugs: ReadonlySet<string> = new Set(demoPlan.map(({ slug }) => slug));
  const logging = (await operator.listOrganizations()).filter(
    ({ slug, zdr_enabled_at }) => slugs.has(slug) && zdr_enabled_at === null,
  );
  await awaitEffect({
    routerOperator: url(ports.routerOperator),
    adminConfig,
    audit: createApiClient(url(ports.audit), secrets.operatorToken),
    loggingOrgIds: logging.map(({ id }) => id),
    since,
    signal,
  });
  return zdrWatch;
};
