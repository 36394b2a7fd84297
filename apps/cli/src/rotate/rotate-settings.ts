import { z } from 'zod';
import { roots } from '../serve/settings/checks.js';
import { postgresServer, postgresSuperuser } from '../serve/settings/common.js';
import { setting } from '../serve/settings/fields.js';
import { secretFile } from '../serve/settings/file-fields.js';
import type { SettingsSpec } from '../serve/settings/read-settings.js';

const key = secretFile(/^[0-9a-f]{64}$/, 'a key of 32 bytes in 64 lower-case hexadecimal digits');
const form = 'path of a file with 64 hexadecimal digits';

/** What `lethe rotate` reads from the environment. */
export const rotateSettings = z.object({
  ...postgresServer,
  ...postgresSuperuser,
  LETHE_AT_REST_ROOT_KEY_FILE: setting(key, {
    what: 'The root key that accounting has had until now.',
    form,
    secret: true,
  }),
  LETHE_AT_REST_NEW_ROOT_KEY_FILE: setting(key, {
    what: 'The root key that it is to have.',
    form,
    secret: true,
  }),
});
export type RotateSettings = z.infer<typeof rotateSettings>;

export const rotateSpec: SettingsSpec<typeof rotateSettings> = {
  schema: rotateSettings,
  checks: [
    roots('LETHE_POSTGRES_CA_FILE'),
    (given) =>
      given.LETHE_AT_REST_ROOT_KEY_FILE !== undefined &&
      given.LETHE_AT_REST_ROOT_KEY_FILE === given.LETHE_AT_REST_NEW_ROOT_KEY_FILE
        ? [
            {
              name: 'LETHE_AT_REST_NEW_ROOT_KEY_FILE',
              words: 'names the same key as LETHE_AT_REST_ROOT_KEY_FILE',
              code: 'contradictory',
            },
          ]
        : [],
  ],
};
