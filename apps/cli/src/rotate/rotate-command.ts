import type { Command } from '../command.js';
import { superuserOf } from '../migrate/superuser.js';
import { readSettings } from '../serve/settings/read-settings.js';
import { readArguments } from '../terminal/arguments.js';
import { errorCode } from '../terminal/error-code.js';
import { print } from '../terminal/print.js';
import { Problem, usageProblem } from '../terminal/problem.js';
import { rewrapAll } from './rewrap.js';
import { rotateSpec } from './rotate-settings.js';

const help = `lethe rotate: give stored payloads another root key

Usage: lethe rotate root-key

Wraps the at-rest key of every organization with a new root key, in one transaction; stored content is not touched.
Accounting must be stopped meanwhile, and started with the new key: it refuses to start with one that does not fit.
Safe to run again: keys that have been moved stay. docs/runbooks/key-rotation.md has all the steps, and what
becomes of backups.

Settings:
  LETHE_POSTGRES_HOST, LETHE_POSTGRES_PORT, LETHE_POSTGRES_CA_FILE
  LETHE_POSTGRES_SUPERUSER, LETHE_POSTGRES_SUPERUSER_PASSWORD_FILE
  LETHE_AT_REST_ROOT_KEY_FILE       the key that accounting has had until now
  LETHE_AT_REST_NEW_ROOT_KEY_FILE   the one that it is to have: 64 hexadecimal digits, as "openssl rand -hex 32" makes`;

const run = async (args: readonly string[]): Promise<number> => {
  const { positionals } = readArguments('rotate', args, { options: {}, positionals: ['what'] });
  if (positionals[0] !== 'root-key') throw usageProblem('Only root-key can be rotated so.', 'rotate');
  const reading = readSettings(rotateSpec, process.env);
  if ('problems' in reading)
    throw new Problem(
      `The root key cannot be rotated with these settings:\n${reading.problems.map(({ name, words }) => `  - ${name} ${words}`).join('\n')}`,
      'See: lethe rotate --help',
    );
  const given = reading.settings;
  const keys = {
    from: Buffer.from(given.LETHE_AT_REST_ROOT_KEY_FILE, 'hex'),
    to: Buffer.from(given.LETHE_AT_REST_NEW_ROOT_KEY_FILE, 'hex'),
  };
  try {
    const { moved, there } = await superuserOf(given).withDatabase('accounting', (sql) =>
      rewrapAll(sql, keys),
    );
    print(
      `${moved} keys were wrapped anew, ${there} had been before. Accounting must now be started with the new root key.`,
    );
    return 0;
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(
      `The database server ended the work (${errorCode(error) || 'unknown'}). Nothing was changed.`,
      'See its log, and run this again.',
    );
  } finally {
    keys.from.fill(0);
    keys.to.fill(0);
  }
};

export const rotateCommand: Command = { help, run };
