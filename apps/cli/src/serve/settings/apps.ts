import type { ServiceName } from '@lethe/contracts';
import { accountingSettings } from './accounting.js';
import { adminConfigSettings } from './admin-config.js';
import { auditSettings } from './audit.js';
import { type Check, callers, differ, identity, oneOf, pair, quorum, roots, together } from './checks.js';
import { routerSettings } from './router.js';

const everyService = (service: ServiceName): readonly Check[] => [
  pair('LETHE_TLS_CERTIFICATE_FILE', 'LETHE_TLS_KEY_FILE'),
  roots('LETHE_TLS_CA_FILE'),
  identity(service),
];
const called = (service: Exclude<ServiceName, 'router'>): readonly Check[] => [
  ...everyService(service),
  callers(service),
  differ('LETHE_REST_PORT', 'LETHE_GRPC_PORT'),
  roots('LETHE_POSTGRES_CA_FILE'),
];
const kafka: readonly Check[] = [
  pair('LETHE_KAFKA_CERTIFICATE_FILE', 'LETHE_KAFKA_KEY_FILE'),
  roots('LETHE_KAFKA_CA_FILE'),
];
const bucket = (prefix: 'LETHE_S3' | 'LETHE_ANCHORS'): readonly Check[] => [
  together({
    when: `${prefix}_ENDPOINT`,
    needs: [`${prefix}_BUCKET`, `${prefix}_ACCESS_KEY_ID`, `${prefix}_SECRET_ACCESS_KEY_FILE`],
    may: [`${prefix}_REGION`, `${prefix}_CA_FILE`],
  }),
  roots(`${prefix}_CA_FILE`),
];

/** What each service reads from the environment, and how its settings must fit together. */
export const appSettings = {
  router: {
    schema: routerSettings,
    checks: [
      ...everyService('router'),
      pair('LETHE_PUBLIC_TLS_CERTIFICATE_FILE', 'LETHE_PUBLIC_TLS_KEY_FILE'),
      differ('LETHE_PORT', 'LETHE_OPERATOR_PORT'),
      ...kafka,
      ...bucket('LETHE_S3'),
    ],
  },
  'admin-config': { schema: adminConfigSettings, checks: called('admin-config') },
  accounting: {
    schema: accountingSettings,
    checks: [...called('accounting'), ...kafka, ...bucket('LETHE_S3')],
  },
  audit: {
    schema: auditSettings,
    checks: [
      ...called('audit'),
      ...kafka,
      ...bucket('LETHE_ANCHORS'),
      oneOf('LETHE_ANCHORS_ENDPOINT', 'LETHE_ANCHORS_DIR'),
      quorum,
    ],
  },
} as const;
