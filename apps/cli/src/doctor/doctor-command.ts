import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from '../command.js';
import { readRun } from '../operator/find-lethe.js';
import { readArguments } from '../terminal/arguments.js';
import { print } from '../terminal/print.js';
import { usageProblem } from '../terminal/problem.js';
import { examineDatabase } from './database.js';
import { examineKafka } from './event-log.js';
import { doctorItems, type Examined } from './findings.js';
import { examineHost } from './host.js';
import { examineSecrets } from './secrets.js';
import { examineServices, type ServiceAddress, serviceAddresses } from './services.js';
import { examineVariables } from './variables.js';

const help = `lethe doctor: say in plain words what is wrong with a deployment, and what mends it

Usage: lethe doctor [--dir <folder>] [--env <file>] [--volume <folder>]… [--replication-factor <n>] [--json]

Looks at what it is shown, changes nothing, and names what it could not see. No container sees all of a deployment, so
ask it in several places:
  npx lethe doctor --volume /var/lib/docker/volumes     on the host: secrets, the file of variables, swap, disks
  docker compose run --rm tools doctor                  each replica of each service, the clocks, their own figures
  docker compose run --rm migrate doctor                the database server, its settings, the migrations
  docker compose run --rm topics doctor                 Kafka's topics and access rules
Where nothing of a deployment is named it looks at the services of the Lethe that runs on LETHE_HOME ("npm start").

  --dir <folder>             The folder of "lethe init". Default: deploy/secrets.
  --env <file>               The file of variables beside docker-compose.yml. Default: .env.
  --volume <folder>          Where data lies on this machine; may be given several times.
  --replication-factor <n>   What "lethe topics" was given. Default 1.
  --json                     Print one JSON object instead of text.

LETHE_ADMIN_URL, LETHE_ACCOUNTING_URL, LETHE_AUDIT_URL and LETHE_ROUTER_URL (its operator port) name the services;
several are separated by commas, and each address of a name is asked. NODE_EXTRA_CA_CERTS names who vouches for them.
For the database it takes the settings of "lethe migrate", for Kafka those of "lethe topics".

Ends with 0 when nothing that it saw is wrong, 1 when something is, 2 when the command line is wrong. What it could
not see changes nothing of that: read those lines.`;

const wrongText = ({ item, where, words }: Examined['findings'][number]): string =>
  `  WRONG  ${item}: ${where} ${words}.\n         ${doctorItems[item]}`;

const partText = ({ part, looked, findings, unseen }: Examined): string => {
  const verdict = findings.length === 0 ? 'nothing is wrong' : `${findings.length} wrong`;
  return [
    `${part}: ${looked === undefined ? 'not looked at' : `${looked}: ${verdict}`}`,
    ...findings.map(wrongText),
    ...unseen.map((sentence) => `  not seen  ${sentence}`),
  ].join('\n');
};

const jsonOf = (all: readonly Examined[]): object => ({
  sound: all.every(({ findings }) => findings.length === 0),
  findings: all.flatMap(({ part, findings }) =>
    findings.map(({ item, where, words }) => ({ part, item, where, words, mend: doctorItems[item] })),
  ),
  looked_at: all.filter(({ looked }) => looked !== undefined).map(({ part }) => part),
  not_seen: all.flatMap(({ part, unseen }) => unseen.map((words) => ({ part, words }))),
});

/** Those that the environment names, else those of the Lethe that runs here. */
const addresses = async (env: NodeJS.ProcessEnv): Promise<ServiceAddress[]> => {
  const named = serviceAddresses(env);
  if (named.length > 0) return named;
  const run = await readRun(env);
  if (run === undefined) return [];
  return [
    { name: 'admin-config', url: run.adminConfig },
    ...(run.accounting === undefined ? [] : [{ name: 'accounting', url: run.accounting }]),
    { name: 'audit', url: run.audit },
  ];
};

const replicationOf = (text = '1'): number => {
  if (!/^[1-9]$/.test(text)) throw usageProblem('--replication-factor must be 1 to 9.', 'doctor');
  return Number(text);
};

const run = async (args: readonly string[]): Promise<number> => {
  const { values } = readArguments('doctor', args, {
    options: {
      dir: { type: 'string' },
      env: { type: 'string' },
      volume: { type: 'string', multiple: true },
      'replication-factor': { type: 'string' },
      json: { type: 'boolean' },
    },
    positionals: [],
  });
  const volumes = values.volume ?? [];
  if (!volumes.every((path) => existsSync(path)))
    throw usageProblem('--volume must be a folder that is there.', 'doctor');
  const environmentFile = values.env ?? '.env';
  const folder = values.dir ?? join('deploy', 'secrets');
  const replicationFactor = replicationOf(values['replication-factor']);
  const all: readonly Examined[] = [
    await examineSecrets({ folder, environmentFile, nowMs: Date.now() }),
    await examineVariables(environmentFile),
    await examineServices(await addresses(process.env)),
    await examineDatabase(process.env),
    await examineKafka(process.env, replicationFactor),
    examineHost({ volumes }),
  ];
  const isSound = all.every(({ findings }) => findings.length === 0);
  if (values.json === true) print(JSON.stringify(jsonOf(all)));
  else {
    print(all.map(partText).join('\n'));
    print(isSound ? '\nNothing that was looked at is wrong.' : '\nSomething is wrong: see above.');
  }
  return isSound ? 0 : 1;
};

export const doctorCommand: Command = { help, run };
