// The search as a program of its own: inside a test runner's sandbox it takes eight times as long.
// Reads one JSON task from standard input and writes the scan as JSON.
import { readFileSync } from 'node:fs';
import {
  type Canary,
  Searcher,
  type SuperuserLogin,
  scanBytes,
  scanDatabases,
  scanFolder,
} from '@lethe/leak-prover';

interface Task {
  readonly canaries: readonly Canary[];
  readonly folder?: string;
  readonly login?: SuperuserLogin;
  /** What was shown, by who showed it. */
  readonly shown?: readonly (readonly [sink: string, base64: string])[];
}

const { canaries, folder, login, shown } = JSON.parse(readFileSync(0, 'utf8')) as Task;
const searcher = new Searcher(canaries);
const scan = (): unknown => {
  if (login !== undefined) return scanDatabases(searcher, login);
  if (folder !== undefined) return scanFolder(searcher, folder);
  return (shown ?? []).flatMap(([sink, text]) => scanBytes(searcher, sink, Buffer.from(text, 'base64')));
};
process.stdout.write(JSON.stringify(await scan()));
