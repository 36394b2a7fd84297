import { z } from 'zod';
import {
  adminConfigAddress,
  auditAddress,
  calledService,
  everyService,
  kafka,
  objectStore,
  postgresPasswords,
  postgresServer,
} from './common.js';
import { path, setting } from './fields.js';
import { secretFile } from './file-fields.js';

/** What `lethe serve accounting` reads from the environment. */
export const accountingSettings = z.object({
  ...everyService,
  ...calledService({ rest: 4003, grpc: 5003 }),
  LETHE_AT_REST_ROOT_KEY_FILE: setting(
    secretFile(/^[0-9a-f]{64}$/, 'a key of 32 bytes in 64 lower-case hexadecimal digits'),
    {
      what: 'The key that wraps the keys of all stored payloads. Whoever loses it loses them; whoever has it and the database has them.',
      form: 'path of a file with 64 hexadecimal digits',
      secret: true,
    },
  ),
  LETHE_TRANSIT_KEYS_DIR: setting(path, {
    what: 'A folder that all accountings share, for the keys of payloads on their way. **Never in a backup**: a key that is destroyed must be gone. This user must be able to write to it.',
    form: 'path of a folder',
    secret: true,
  }),
  ...adminConfigAddress,
  ...auditAddress,
  ...kafka,
  ...postgresServer,
  ...postgresPasswords([
    'lethe_telemetry_w',
    'lethe_payload_w',
    'lethe_accounting_control',
    'lethe_accounting_r',
  ]),
  ...objectStore,
});
export type AccountingSettings = z.infer<typeof accountingSettings>;
