import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Command } from '../command.js';
import { readArguments } from '../terminal/arguments.js';
import { print } from '../terminal/print.js';
import { usageProblem } from '../terminal/problem.js';
import { certificateDays } from './authority.js';
import { makeCertificates } from './certificates.js';
import { makeEnvironmentFile } from './environment-file.js';
import { DeploymentFiles } from './files.js';
import { makeSecrets } from './secrets.js';

const help = `lethe init: make what docker-compose.yml needs to run

Usage: lethe init [--dir <folder>] [--env <file>] [--public-host <name>]… [--simulated-provider]

Makes, in a folder for each container: two certificate authorities (one by which the services know each other, one
for the name that client apps use), a certificate for each service, for Kafka and its clients, for Postgres and the
object store, and one for the clients; the key that wraps stored payloads, the seed of the key that signs the audit
log, the services' credentials, passwords and access keys, the operator's token; and the file of variables that
docker compose reads.

What is there already is never replaced: run again, it makes what is missing, and names what does not fit together
without writing anything. So a certificate is renewed by removing it with its key and running this again; the services
take it up without a restart (Kafka, Postgres and the object store when they are restarted).

  --dir <folder>         Default: deploy/secrets.
  --env <file>           Default: .env.
  --public-host <name>   A name or address by which client apps reach the router; may be given several times. localhost
                         always is one. Or put a certificate of your own into router/public.crt and router/public.key.
  --simulated-provider   Models sim/… are answered by the simulated provider (profile simulated-provider), for a first
                         try. Providers stand in admin-config/provider-accounts.json.

As root it gives each folder to the user that its container runs as; else it prints the commands that do. Files are
0600 (certificates 0644), folders 0700.`;

const isHost = (text: string): boolean =>
  isIP(text) !== 0 || /^(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(text);

const next = (folder: string): string => `
Keep ${join(folder, 'operator')} away from this host: it holds the keys of both authorities, and is needed again only to
renew certificates. Keep a copy of ${join(folder, 'accounting', 'at-rest-root-key')} and ${join(folder, 'audit', 'signing-seed')} in a safe:
without the first no stored payload can be read, without the second the audit log cannot go on.
Certificates last ${certificateDays} days. Client apps trust ${join(folder, 'tools', 'public-ca.crt')}.

Next:
  docker compose up -d --build --wait
  docker compose run --rm tools org create --help`;

export const initCommand: Command = {
  help,
  run: async (args) => {
    const { values } = readArguments('init', args, {
      options: {
        dir: { type: 'string' },
        env: { type: 'string' },
        'public-host': { type: 'string', multiple: true },
        'simulated-provider': { type: 'boolean' },
      },
      positionals: [],
    });
    const publicHosts = values['public-host'] ?? [];
    if (!publicHosts.every(isHost))
      throw usageProblem('--public-host must be a host name or an address.', 'init');
    const folder = values.dir ?? join('deploy', 'secrets');
    const files = new DeploymentFiles(folder);
    const publicValues = await makeSecrets(files, values['simulated-provider'] === true);
    await makeCertificates(files, publicHosts);
    await makeEnvironmentFile(files, values.env ?? '.env', folder, publicValues);
    const { made, kept } = await files.write();
    for (const path of made) print(`made  ${path}`);
    print(`${made.length} files made, ${kept} were there and are as they were.`);
    const ownership = files.ownership();
    if (ownership.length > 0)
      print(
        `\nThe containers run as users of their own, who must own what they read:\n  ${ownership.join('\n  ')}`,
      );
    print(next(folder));
    return 0;
  },
};
