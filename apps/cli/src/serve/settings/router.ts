import { hostname } from 'node:os';
import { z } from 'zod';
import { adminConfigAddress, everyService, kafka, objectStore } from './common.js';
import { choice, identifier, port, setting, wholeNumber } from './fields.js';
import { certificatesFile, privateKeyFile } from './file-fields.js';

/** What `lethe serve router` reads from the environment. */
export const routerSettings = z.object({
  ...everyService,
  LETHE_PORT: setting(port.default(4000), {
    what: 'The port of the clients (HTTPS).',
    form: 'port',
    secret: false,
  }),
  LETHE_OPERATOR_PORT: setting(port.default(4100), {
    what: 'The port of `/healthz`, `/readyz` and `/metrics` (HTTPS).',
    form: 'port',
    secret: false,
  }),
  LETHE_PUBLIC_TLS_CERTIFICATE_FILE: setting(certificatesFile, {
    what: 'The certificate that clients see, and those between it and its root.',
    form: 'path of a PEM file',
    secret: false,
  }),
  LETHE_PUBLIC_TLS_KEY_FILE: setting(privateKeyFile, {
    what: 'The private key of `LETHE_PUBLIC_TLS_CERTIFICATE_FILE`.',
    form: 'path of a PEM file',
    secret: true,
  }),
  LETHE_ROUTER_ID: setting(
    identifier.prefault(() => hostname()),
    {
      what: 'What this router is called in leases, telemetry and the audit log. No two that run may have the same.',
      form: 'text',
      secret: false,
      fallback: 'the name of the host',
    },
  ),
  LETHE_DEPLOYMENT_REGION: setting(identifier.default('local'), {
    what: 'Where this router stands, for policies that name regions.',
    form: 'text',
    secret: false,
  }),
  LETHE_ROUTER_WORKERS: setting(wholeNumber(1, 64).default(1), {
    what: 'Processes that serve side by side on one port, for as many cores.',
    form: '1 to 64',
    secret: false,
  }),
  LETHE_BILLING_DURABILITY: setting(choice(['default', 'strict']).default('default'), {
    what: '`strict` holds back the last bytes of each answer until its bill is stored.',
    form: '`default` or `strict`',
    secret: false,
  }),
  ...adminConfigAddress,
  ...kafka,
  ...objectStore,
});
export type RouterSettings = z.infer<typeof routerSettings>;
