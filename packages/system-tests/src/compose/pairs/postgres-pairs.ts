import type { Deployment } from '../deployment.js';
import type { Said } from './said.js';

const rolesOf: Readonly<Record<string, readonly string[]>> = {
  config: ['lethe_admin'],
  accounting: ['lethe_telemetry_w', 'lethe_payload_w', 'lethe_accounting_control', 'lethe_accounting_r'],
  audit: ['lethe_audit_append'],
};
const databases = [...Object.keys(rolesOf), 'postgres', 'template1'];
const noSuchRight = '42501';
const wrongPassword = '28P01';

/** Each role at each database with its own password; at its own with another's. */
export const postgresPairs = async (deployment: Deployment): Promise<Said> => {
  const ca = await deployment.read('tools/ca.crt');
  const passwords = JSON.parse(await deployment.read('migrate/postgres-passwords.json')) as Record<
    string,
    string
  >;
  const cases = Object.entries(rolesOf).flatMap(([home, roles]) =>
    roles.flatMap((user) => [
      ...databases.map((database) => ({
        name: `${user} at ${database}`,
        task: { host: 'postgres', user, password: passwords[user] ?? '', database, ca },
        expected: database === home ? 'done' : noSuchRight,
      })),
      {
        name: `${user} with another's password`,
        task: {
          ...{ host: 'postgres', user, database: home, ca },
          password: passwords[user === 'lethe_admin' ? 'lethe_payload_w' : 'lethe_admin'] ?? '',
        },
        expected: wrongPassword,
      },
    ]),
  );
  const { postgres } = await deployment.inside({ postgres: cases.map(({ task }) => task) });
  return {
    expected: cases.map(({ name, expected }) => `${name}: ${expected}`),
    told: cases.map(({ name }, n) => `${name}: ${postgres[n] ?? 'nothing'}`),
  };
};
