import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SuperuserLogin } from '@lethe/leak-prover';

const PORT = 5432;

interface SecretsFile {
  readonly postgresPassword: string;
  readonly atRestRootKey: string;
  readonly operatorToken: string;
}

export const secretsOf = (home: string): SecretsFile =>
  JSON.parse(readFileSync(join(home, 'secrets.json'), 'utf8')) as SecretsFile;

/** How to reach the Postgres of a running home as its superuser: by its socket, wherever that lies. */
export const superuserOf = (home: string): SuperuserLogin => {
  const record = join(home, 'postgres', 'socket-folder');
  const folder = existsSync(record)
    ? readFileSync(record, 'utf8')
    : join(home, 'postgres', `socket,:${PORT}`);
  return {
    host: folder,
    port: PORT,
    path: join(folder, `.s.PGSQL.${PORT}`),
    user: 'postgres',
    password: secretsOf(home).postgresPassword,
  };
};
