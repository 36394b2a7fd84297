import { spawn } from 'node:child_process';
import { accessSync, chownSync, constants, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { PostgresServerError } from './postgres-server-error.js';

/** How to run a binary that refuses uid 0: as we are, as root under another name in a user namespace, or as another user. */
export type RunAs =
  | { readonly kind: 'self' }
  | { readonly kind: 'user_namespace'; readonly uid: number; readonly gid: number }
  | { readonly kind: 'drop'; readonly uid: number; readonly gid: number };

/** A command ready for spawn. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly identity: { readonly uid?: number; readonly gid?: number };
}

const systemFolders = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'];

/** PATH as Postgres and the tools below get it; the rest of our environment stays with us. */
export const childPath = [
  ...(process.env.PATH ?? '').split(delimiter).filter(Boolean),
  ...systemFolders,
].join(delimiter);

function findTool(name: string): string | undefined {
  return childPath
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** initdb wants a uid that has a name, so the accounts come from the passwd file. */
function unprivilegedAccount(uid?: number): Account | undefined {
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name, , uidText, gidText]) => ({ name, uid: Number(uidText), gid: Number(gidText) }))
    .filter((account) => account.uid > 0 && account.gid > 0);
  if (uid !== undefined) return accounts.find((account) => account.uid === uid);
  return ['postgres', '_postgres', 'nobody']
    .map((name) => accounts.find((account) => account.name === name))
    .find(Boolean);
}

/** Chooses how to run, given the data folder if it exists already. Throws no_user_to_run_as, data_dir_not_ours. */
export async function chooseRunAs(dataDir: string): Promise<RunAs> {
  const self = process.getuid?.() ?? 0;
  const owner = statSync(dataDir, { throwIfNoEntry: false })?.uid;
  if (self !== 0) {
    if (owner !== undefined && owner !== self) throw new PostgresServerError('data_dir_not_ours');
    return { kind: 'self' };
  }
  const account = unprivilegedAccount(owner === 0 ? undefined : owner);
  if (account === undefined) throw new PostgresServerError('no_user_to_run_as');
  const ofAnotherUser = owner !== undefined && owner !== 0;
  if (!ofAnotherUser && (await userNamespacesWork(account))) return { kind: 'user_namespace', ...account };
  return { kind: 'drop', uid: account.uid, gid: account.gid };
}

function namespaceArguments(unshare: string, account: Account): string[] {
  return [unshare, '--user', `--map-user=${account.uid}`, `--map-group=${account.gid}`, '--'];
}

async function userNamespacesWork(account: Account): Promise<boolean> {
  const unshare = findTool('unshare');
  const probe = findTool('true');
  if (unshare === undefined || probe === undefined) return false;
  const [file = '', ...args] = [...namespaceArguments(unshare, account), probe];
  return (await exitCodeOf({ file, args, identity: {} })) === 0;
}

/**
 * Wraps a program so that it runs as chosen and dies with the thread that started it (where setpriv is at hand).
 * The wrappers exec one another, so the pid that spawn returns is the program's.
 */
export function commandFor(runAs: RunAs, deathSignal: 'KILL' | 'QUIT', program: readonly string[]): Command {
  const setpriv = process.platform === 'linux' ? findTool('setpriv') : undefined;
  const unshare = runAs.kind === 'user_namespace' ? findTool('unshare') : undefined;
  const [file = '', ...args] = [
    // A change of credentials clears the death signal, so it is asked for inside the namespace.
    ...(runAs.kind === 'user_namespace' && unshare !== undefined ? namespaceArguments(unshare, runAs) : []),
    ...(setpriv === undefined ? [] : [setpriv, '--pdeathsig', deathSignal, '--']),
    ...program,
  ];
  return { file, args, identity: runAs.kind === 'drop' ? { uid: runAs.uid, gid: runAs.gid } : {} };
}

/** Runs a command to its end with its output thrown away, or sent to a file descriptor. Null: it never ran; -1: a signal ended it. */
export function exitCodeOf(command: Command, output: 'ignore' | number = 'ignore'): Promise<number | null> {
  return new Promise((resolve) => {
    const child = spawn(command.file, command.args, {
      ...command.identity,
      cwd: '/',
      env: childEnvironment,
      stdio: ['ignore', output, output],
    });
    child.once('error', () => resolve(null));
    child.once('exit', (code) => resolve(code ?? -1));
  });
}

/** Whether this exit code means that the program never ran: spawn failed, or a wrapper could not execute it. */
export function wasRefused(code: number | null): boolean {
  return code === null || code === 126 || code === 127;
}

/** The whole environment of our children: no secret of ours, no PG* variable of the caller's shell. */
export const childEnvironment: Readonly<Record<string, string>> = { PATH: childPath, LC_ALL: 'C', TZ: 'UTC' };

/** Hands a path to the user that Postgres runs as, where that is not us. */
export function giveTo(runAs: RunAs, path: string): void {
  if (runAs.kind === 'drop') chownSync(path, runAs.uid, runAs.gid);
}
