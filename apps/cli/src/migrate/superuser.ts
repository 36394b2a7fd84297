import { setTimeout as pause } from 'node:timers/promises';
import { postgresSocket } from '@lethe/service-kit';
import postgres from 'postgres';
import { errorCode } from '../terminal/error-code.js';
import { remark } from '../terminal/print.js';
import { Problem } from '../terminal/problem.js';
import type { MigrateSettings } from './migrate-settings.js';

export interface Superuser {
  withDatabase<T>(database: string, use: (sql: postgres.Sql) => Promise<T>): Promise<T>;
}

const connectTimeoutS = 5;
const retryMs = 1_000;
const progressMs = 10_000;

const hostInUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/** Opens connections to the server over TLS, verified, one for each use. */
export const superuserOf = (
  given: Pick<
    MigrateSettings,
    | 'LETHE_POSTGRES_SUPERUSER'
    | 'LETHE_POSTGRES_SUPERUSER_PASSWORD_FILE'
    | 'LETHE_POSTGRES_HOST'
    | 'LETHE_POSTGRES_PORT'
    | 'LETHE_POSTGRES_CA_FILE'
  >,
): Superuser => {
  const login = `${given.LETHE_POSTGRES_SUPERUSER}:${encodeURIComponent(given.LETHE_POSTGRES_SUPERUSER_PASSWORD_FILE)}`;
  const address = `${hostInUrl(given.LETHE_POSTGRES_HOST)}:${given.LETHE_POSTGRES_PORT}`;
  return {
    withDatabase: async (database, use) => {
      const sql = postgres(`postgres://${login}@${address}/${database}`, {
        max: 1,
        fetch_types: false,
        connect_timeout: connectTimeoutS,
        onnotice: () => undefined,
        ...postgresSocket({ caPem: given.LETHE_POSTGRES_CA_FILE.pem }),
      });
      try {
        return await use(sql);
      } finally {
        await sql.end({ timeout: 1 });
      }
    },
  };
};

/** What waiting does not mend, and what does. */
const hopeless: Readonly<Record<string, readonly [string, string]>> = {
  CONNECTION_NOT_ENCRYPTED: ['does not speak TLS.', 'Start it with ssl=on, a certificate and its key.'],
  CONNECTION_UNTRUSTED: [
    'has a certificate that LETHE_POSTGRES_CA_FILE did not issue.',
    'Name the certificates by which it can be known.',
  ],
  CONNECTION_WRONG_HOST: [
    'has a certificate for another name than LETHE_POSTGRES_HOST.',
    'Use a name that stands in its certificate.',
  ],
  CONNECTION_CERTIFICATE_EXPIRED: [
    "has a certificate that is out of its time, or this machine's clock is wrong.",
    'Renew it, or set the clock.',
  ],
  '28P01': [
    'does not take the password of LETHE_POSTGRES_SUPERUSER_PASSWORD_FILE.',
    'The password of an image is set when its volume is new, and never after: use that one, or change it in the server.',
  ],
  '28000': ['does not let LETHE_POSTGRES_SUPERUSER in.', 'See its pg_hba.conf.'],
};

/** Waits until the server takes a superuser's connections, and says so now and then. Rejects with Problem. */
export const untilServer = async (superuser: Superuser, withinMs: number): Promise<void> => {
  const startedAtMs = performance.now();
  let saidAtMs = startedAtMs;
  for (;;) {
    const code = await superuser
      .withDatabase('postgres', async (sql) => {
        const [row] = await sql`select rolsuper from pg_roles where rolname = current_user`;
        return row?.rolsuper === true ? '' : 'not_superuser';
      })
      .catch((error: unknown) => errorCode(error) || 'unknown');
    if (code === '') return;
    if (code === 'not_superuser')
      throw new Problem('LETHE_POSTGRES_SUPERUSER is no superuser of the database server.');
    const [what, next] = hopeless[code] ?? [];
    if (what !== undefined) throw new Problem(`The database server ${what}`, next);
    const nowMs = performance.now();
    if (nowMs - startedAtMs > withinMs)
      throw new Problem(
        `The database server did not answer within ${Math.round(withinMs / 1000)} s (${code}).`,
        'See whether it runs at LETHE_POSTGRES_HOST and LETHE_POSTGRES_PORT, and what its log says.',
      );
    if (nowMs - saidAtMs >= progressMs || saidAtMs === startedAtMs) {
      remark(`Waiting for the database server (${code}) …`);
      saidAtMs = nowMs;
    }
    await pause(retryMs);
  }
};
