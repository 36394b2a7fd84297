import { type ServiceName, serviceNames } from '@lethe/contracts';
import type { Command } from '../command.js';
import { readArguments } from '../terminal/arguments.js';
import { print, remark } from '../terminal/print.js';
import { Problem, usageProblem } from '../terminal/problem.js';
import { closeCoreDumps } from '../up/services/core-dumps.js';
import { stopSignal } from '../up/stop-signal.js';
import { type AppLaunch, readAppLaunch } from './launch/app-launch.js';
import { runService } from './run/run-service.js';
import type { SettingProblem } from './settings/checks.js';
import { unknownSettings } from './settings/known-names.js';

const help = `lethe serve: run one service of a deployment, as its container does

Usage: lethe serve <${serviceNames.join('|')}> [--check]

Settings are variables of the environment; secrets, certificates and keys are files that variables ending in _FILE
name. docs/settings.md has all of them, and so has: lethe settings <service>
Everything that is missing, malformed or contradictory is said at once, by the variable's name and never with a value,
and nothing is started then.

  --check   Read the settings and the files they name, say whether all is well, and start nothing.

Before a service that sees content (router, accounting) listens, a preflight looks for ways from its memory to a disk:
swap, core dumps, writable file systems, flags, variables, agents, rights. One that is open ends the start and is said
with what mends it. LETHE_PREFLIGHT=warn only says it.

Certificates are renewed without a restart: write the new files over the old ones. They are looked at every 10 s, and at
once on SIGHUP. A set that does not fit together is refused and named, and the old one stays in use. What a service
takes up only when it starts is named as well.

SIGTERM stops the service within 5 s. Ends with the service's own exit code (128 and the signal's number when one
killed it), so that the container's restart policy decides what comes next; 1 when it was not started.`;

const isService = (name: string | undefined): name is ServiceName =>
  serviceNames.includes(name as ServiceName);

const settingsProblem = (app: ServiceName, problems: readonly SettingProblem[]): Problem =>
  new Problem(
    `${app} cannot be started with these settings:\n${problems.map(({ name, words }) => `  - ${name} ${words}`).join('\n')}`,
    `Each is explained in docs/settings.md and by: lethe settings ${app}`,
  );

/** Throws Problem with everything that is wrong. */
const readLaunch = (app: ServiceName): AppLaunch => {
  for (const name of unknownSettings(app, process.env))
    remark(`lethe: ${name} is no setting of ${app}: it is not read.`);
  const reading = readAppLaunch(app, process.env);
  if ('problems' in reading) throw settingsProblem(app, reading.problems);
  return reading.settings;
};

const run = async (args: readonly string[]): Promise<number> => {
  const { values, positionals } = readArguments('serve', args, {
    options: { check: { type: 'boolean' } },
    positionals: ['service'],
  });
  const [app] = positionals;
  if (!isService(app)) throw usageProblem('There is no such service.', 'serve');
  closeCoreDumps();
  const launch = readLaunch(app);
  if (values.check === true) {
    print(`The settings of ${app} are complete and fit together.`);
    return 0;
  }
  const { signal, crashed } = stopSignal(['SIGINT', 'SIGTERM']);
  let reload: () => void = () => undefined;
  process.on('SIGHUP', () => reload());
  const code = await runService({
    app,
    env: process.env,
    launch,
    signal,
    onReload: (now) => {
      reload = now;
    },
  });
  return crashed() ? 1 : code;
};

export const serveCommand: Command = { help, run };
