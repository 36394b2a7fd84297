import { errorFacts } from '@lethe/service-kit';
import type { Command } from './command.js';
import { print, remark } from './terminal/print.js';
import { Problem, usageProblem } from './terminal/problem.js';

interface Entry {
  readonly summary: string;
  load(): Promise<Command>;
}

/** Loaded when called: `lethe --help` needs no database driver. */
const commands: Readonly<Record<string, Entry>> = {
  up: {
    summary: 'Start all of Lethe on this machine (this is "npm start")',
    load: async () => (await import('./up/up-command.js')).upCommand,
  },
  serve: {
    summary: 'Run one service of a deployment, as its container does',
    load: async () => (await import('./serve/serve-command.js')).serveCommand,
  },
  settings: {
    summary: 'Explain the settings of a deployment',
    load: async () => (await import('./serve/settings-command.js')).settingsCommand,
  },
  migrate: {
    summary: 'Make the databases of a deployment, or bring them up to date',
    load: async () => (await import('./migrate/migrate-command.js')).migrateCommand,
  },
  init: {
    summary: 'Make the certificates, keys and secrets of a deployment',
    load: async () => (await import('./init/init-command.js')).initCommand,
  },
  topics: {
    summary: "Make and check Kafka's topics and access rules; read the audit topics",
    load: async () => (await import('./topics/topics-command.js')).topicsCommand,
  },
  buckets: {
    summary: "Make the object store's buckets and a user for each service",
    load: async () => (await import('./buckets/buckets-command.js')).bucketsCommand,
  },
  rotate: {
    summary: 'Give stored payloads another root key',
    load: async () => (await import('./rotate/rotate-command.js')).rotateCommand,
  },
  doctor: {
    summary: 'Say what is wrong with a deployment, and what mends it',
    load: async () => (await import('./doctor/doctor-command.js')).doctorCommand,
  },
  org: {
    summary: 'Create and list organizations',
    load: async () => (await import('./org/org-command.js')).orgCommand,
  },
  member: {
    summary: 'Add people to an organization',
    load: async () => (await import('./member/member-command.js')).memberCommand,
  },
  token: {
    summary: 'Create and revoke management tokens',
    load: async () => (await import('./token/token-command.js')).tokenCommand,
  },
  key: {
    summary: 'Create, rotate and revoke API keys',
    load: async () => (await import('./key/key-command.js')).keyCommand,
  },
  zdr: {
    summary: 'Zero Data Retention: enable it, see it, prove it',
    load: async () => (await import('./zdr/zdr-command.js')).zdrCommand,
  },
  audit: {
    summary: 'Follow, verify and watch the audit log, and take proofs and copies of it',
    load: async () => (await import('./audit/audit-command.js')).auditCommand,
  },
};

const help = `lethe: an LLM gateway that forgets

Usage: lethe <command> [options]

${Object.entries(commands)
  .map(([name, { summary }]) => `  ${name.padEnd(8)} ${summary}`)
  .join('\n')}

"lethe <command> --help" tells the rest. All but "up" speak to a running Lethe: the one whose run.json lies in
LETHE_HOME (default: .lethe in the repository), or the one that --url and LETHE_OPERATOR_TOKEN name.`;

const dispatch = async (argv: readonly string[]): Promise<number> => {
  const [name, ...args] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    print(help);
    return name === undefined ? 2 : 0;
  }
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (entry === undefined) throw usageProblem('There is no such command.', '');
  const command = await entry.load();
  if (args.includes('--help') || args.includes('-h')) {
    print(command.helpFor?.(args) ?? command.help);
    return 0;
  }
  return await command.run(args);
};

/**
 * Runs one command line; resolves to the exit code: 0 done, 1 failed, 2 the command line is wrong (3, of
 * what verifies: it could not be read; of what enables ZDR: committed and not effective yet). Never rejects.
 */
export const runCli = async (argv: readonly string[]): Promise<number> => {
  try {
    return await dispatch(argv);
  } catch (error) {
    if (error instanceof Problem) {
      remark(`lethe: ${error.message}`);
      if (error.next !== undefined) remark(error.next);
      return error.exitCode;
    }
    const { name, code, frames } = errorFacts(error);
    remark(
      `lethe: something unexpected went wrong (${[name, code, ...frames.slice(0, 3)].filter(Boolean).join(', ')}).`,
    );
    return 1;
  }
};
