// The search as a program of its own: inside a test runner's sandbox it takes eight times as long.
// Reads one JSON task from standard input and writes the scan as JSON.
import { readFileSync } from 'node:fs';
import { type Canary, Searcher, type SuperuserLogin, scanDatabases, scanFolder } from '@lethe/leak-prover';

interface Task {
  readonly canaries: readonly Canary[];
  readonly folder?: string;
  readonly login?: SuperuserLogin;
}

const task = JSON.parse(readFileSync(0, 'utf8')) as Task;
const searcher = new Searcher(task.canaries);
const scan =
  task.login === undefined
    ? scanFolder(searcher, task.folder ?? '')
    : await scanDatabases(searcher, task.login);
process.stdout.write(JSON.stringify(scan));
