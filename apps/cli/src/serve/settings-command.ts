import type { Command } from '../command.js';
import { migrateSettings } from '../migrate/migrate-settings.js';
import { readArguments } from '../terminal/arguments.js';
import { print } from '../terminal/print.js';
import { usageProblem } from '../terminal/problem.js';
import { appSettings } from './settings/apps.js';
import { type PageSection, settingsPage, settingsTable } from './settings/settings-page.js';

/** Everything that reads settings, by the word after `lethe settings`. */
export const settingsSections: Readonly<Record<string, PageSection>> = {
  router: {
    title: 'router',
    intro: 'What client apps speak to. Any number may run; each has its own `LETHE_ROUTER_ID`.',
    schema: appSettings.router.schema,
  },
  'admin-config': {
    title: 'admin-config',
    intro: 'Organizations, keys, policy and leases. Two or more may run.',
    schema: appSettings['admin-config'].schema,
  },
  accounting: {
    title: 'accounting',
    intro: 'Telemetry, payloads and bills. Two or more may run.',
    schema: appSettings.accounting.schema,
  },
  audit: {
    title: 'audit',
    intro: 'The audit log. Two or more may run.',
    schema: appSettings.audit.schema,
  },
  migrate: {
    title: 'lethe migrate',
    intro: 'The job that prepares the databases.',
    schema: migrateSettings,
  },
};

const names = Object.keys(settingsSections).join('|');

const help = `lethe settings: explain the settings of a deployment

Usage: lethe settings [${names}]

Prints the reference as Markdown: all of docs/settings.md, or the table of one reader. For each setting: its form, its
default or that it is required, whether it must be kept secret, and what it means.`;

const run = async (args: readonly string[]): Promise<number> => {
  const { positionals } = readArguments('settings', args, {
    options: {},
    positionals: [],
    optional: ['reader'],
  });
  const [name] = positionals;
  if (name === undefined) {
    process.stdout.write(settingsPage(Object.values(settingsSections)));
    return 0;
  }
  const section = Object.hasOwn(settingsSections, name) ? settingsSections[name] : undefined;
  if (section === undefined) throw usageProblem('Nothing of that name reads settings.', 'settings');
  print(settingsTable(section.schema));
  return 0;
};

export const settingsCommand: Command = { help, run };
