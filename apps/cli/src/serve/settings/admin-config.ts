import { z } from 'zod';
import {
  accountingAddress,
  auditAddress,
  calledService,
  everyService,
  postgresPasswords,
  postgresServer,
} from './common.js';
import { setting, wholeNumber } from './fields.js';
import { jsonFile } from './file-fields.js';

const identifier = z.string().regex(/^[A-Za-z0-9._:-]{1,64}$/);
const pemText = z.string().max(262_144).exactOptional();

const providerAccounts = z
  .array(
    z.strictObject({
      providerAccountId: identifier,
      provider: identifier,
      baseUrl: z.url({ protocol: /^https?$/ }).max(2048),
      credential: z.string().max(4096),
      region: z.string().max(64).default(''),
      proxyUrl: z.string().max(4096).exactOptional(),
      caCertificatesPem: pemText,
      clientCertificatePem: pemText,
      clientPrivateKeyPem: pemText,
    }),
  )
  .max(256);

/** What `lethe serve admin-config` reads from the environment. */
export const adminConfigSettings = z.object({
  ...everyService,
  ...calledService({ rest: 4002, grpc: 5002 }),
  LETHE_PROVIDER_ACCOUNTS_FILE: setting(jsonFile(providerAccounts, 'a JSON list of provider accounts'), {
    what: "The deployment's own accounts with providers: a JSON list of objects with `providerAccountId`, `provider`, `baseUrl`, `credential`, `region` and, where needed, `proxyUrl`, `caCertificatesPem`, `clientCertificatePem`, `clientPrivateKeyPem`. `[]` is none.",
    form: 'path of a JSON file',
    secret: true,
  }),
  LETHE_LEASE_TTL_MS: setting(wholeNumber(500, 60_000).default(10_000), {
    what: 'How long a router may believe its policy without hearing anew, in milliseconds. Enabling ZDR waits at most a little longer than that for a router that does not answer.',
    form: '500 to 60000',
    secret: false,
  }),
  LETHE_BACKUP_RETENTION_DAYS: setting(wholeNumber(0, 3650).default(35), {
    what: "How long backups of accounting's database are kept, in days: only then is shredded history out of reach everywhere.",
    form: '0 to 3650',
    secret: false,
  }),
  ...accountingAddress,
  ...auditAddress,
  ...postgresServer,
  ...postgresPasswords(['lethe_admin']),
});
export type AdminConfigSettings = z.infer<typeof adminConfigSettings>;
