import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Canary, DatabaseScan, Finding, FolderScan, SuperuserLogin } from '@lethe/leak-prover';
import { builtProgram } from '../support/built-program.js';

/** Bytes that a service or a program showed. */
export interface Shown {
  readonly sink: string;
  readonly bytes: Buffer;
}

const runScan = async (task: object): Promise<unknown> => {
  const child = spawn(process.execPath, [builtProgram('leak/scan-program')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let written = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    written += text;
  });
  child.stdin.end(JSON.stringify(task));
  await once(child, 'close');
  return JSON.parse(written);
};

/** Searches every file below a folder. */
export const searchFolder = async (canaries: readonly Canary[], folder: string): Promise<FolderScan> =>
  (await runScan({ canaries, folder })) as FolderScan;

/** Searches every table of every database. */
export const searchDatabases = async (
  canaries: readonly Canary[],
  login: SuperuserLogin,
): Promise<DatabaseScan> => (await runScan({ canaries, login })) as DatabaseScan;

/** Searches what was shown to somebody. */
export const searchShown = async (canaries: readonly Canary[], shown: readonly Shown[]): Promise<Finding[]> =>
  (await runScan({
    canaries,
    shown: shown.map(({ sink, bytes }) => [sink, bytes.toString('base64')]),
  })) as Finding[];
