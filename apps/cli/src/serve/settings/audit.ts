import { parseVerifierKey } from '@lethe/transparency-log';
import { z } from 'zod';
import {
  adminConfigAddress,
  anchors,
  calledService,
  everyService,
  kafka,
  postgresPasswords,
  postgresServer,
} from './common.js';
import { path, setting, text, wholeNumber } from './fields.js';
import { jsonFile, secretLinesFile } from './file-fields.js';

const seedsMax = 8;
const witnessesMax = 16;

const witnesses = z
  .array(
    z.strictObject({
      url: z.url({ protocol: /^https?$/ }).max(2048),
      verifierKey: z.string().refine((key) => parseVerifierKey(key)?.type === 'cosignature'),
    }),
  )
  .max(witnessesMax);

/** What `lethe serve audit` reads from the environment. */
export const auditSettings = z.object({
  ...everyService,
  ...calledService({ rest: 4004, grpc: 5004 }),
  LETHE_AUDIT_ORIGIN: setting(
    text(/^[A-Za-z0-9._:/-]{1,200}$/, 'must be 1 to 200 of the characters A-Z a-z 0-9 . _ : / -'),
    {
      what: "The log's name, which stands in every checkpoint. It never changes.",
      form: 'text like `lethe.example.com/audit`',
      secret: false,
    },
  ),
  LETHE_AUDIT_SIGNING_SEED_FILE: setting(
    secretLinesFile(/^[0-9a-f]{64}$/, 'seeds of 32 bytes in 64 lower-case hexadecimal digits', seedsMax),
    {
      what: 'The seeds of the keys that sign checkpoints, one a line, at most 8. The first signs first; a rotation adds one.',
      form: 'path of a file with lines of 64 hexadecimal digits',
      secret: true,
    },
  ),
  ...anchors,
  LETHE_ANCHORS_DIR: setting(path.optional(), {
    what: 'A folder for the anchors instead of a bucket: on another disk than the database, and never set back with it.',
    form: 'path of a folder',
    secret: false,
  }),
  LETHE_WITNESSES_FILE: setting(jsonFile(witnesses, 'a JSON list of witnesses').optional(), {
    what: 'Witnesses that cosign checkpoints: a JSON list of objects with `url` and `verifierKey`, at most 16.',
    form: 'path of a JSON file',
    secret: false,
    fallback: 'none',
  }),
  LETHE_WITNESS_QUORUM: setting(wholeNumber(0, witnessesMax).default(0), {
    what: 'How many witnesses must have cosigned a checkpoint before it is shown.',
    form: '0 to 16',
    secret: false,
  }),
  ...adminConfigAddress,
  ...kafka,
  ...postgresServer,
  ...postgresPasswords(['lethe_audit_append']),
});
export type AuditSettings = z.infer<typeof auditSettings>;
