import { readRun } from '../../operator/find-lethe.js';
import { Problem, usageProblem } from '../../terminal/problem.js';
import { openFolderLog } from './folder-log.js';
import { isLogUrl, openHttpLog } from './http-log.js';
import type { LogSource } from './log-source.js';

export const urlHelp = `  --url <url>      Where the log is: audit's address or a mirror's; else LETHE_AUDIT_URL, else the Lethe that runs on
                   LETHE_HOME. With either of the first two, events are read with LETHE_OPERATOR_TOKEN.`;

/** Whether the log is named by an address: then this home's own key is no key to verify it with. */
export const isElsewhere = (url: string | undefined, env: NodeJS.ProcessEnv = process.env): boolean =>
  Boolean(url || env.LETHE_AUDIT_URL);

/** The log that is meant. Throws Problem: exit code 2 for an address that is none, 3 when no Lethe runs. */
export const findLog = async (
  {
    url,
    dir,
    command,
  }: { readonly url?: string | undefined; readonly dir?: string | undefined; readonly command: string },
  env: NodeJS.ProcessEnv = process.env,
): Promise<LogSource> => {
  if (dir !== undefined) return openFolderLog(dir);
  const address = url || env.LETHE_AUDIT_URL;
  if (address) {
    if (!isLogUrl(address))
      throw usageProblem('The URL cannot be read: write it like http://127.0.0.1:4004', command);
    return openHttpLog(address, env.LETHE_OPERATOR_TOKEN || undefined);
  }
  const run = await readRun(env);
  if (run === undefined)
    throw new Problem(
      'No Lethe runs here.',
      'Start it with "npm start", set LETHE_HOME to the one you mean, or name the log with --url.',
      3,
    );
  return openHttpLog(run.audit, env.LETHE_OPERATOR_TOKEN || run.operatorToken);
};
