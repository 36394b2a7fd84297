import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { repositoryRoot } from '../start-lethe.js';
import type { Phase } from './node-program.js';
import { ASKED_MODELS, LEFT_STREAM, PARALLEL, type SdkRun, type SdkTask } from './served.js';

const VERSIONS: Readonly<Record<string, string>> = { openai: '3.54.0', anthropic: '2.12.0' };
const pinned = Object.entries(VERSIONS).map(([name, version]) => `${name}==${version}`);
const program = fileURLToPath(new URL('./sdk_program.py', import.meta.url));
const RUN_MS_MAX = 300_000;

/** Our own environment: no proxy between the program and 127.0.0.1, no key of the machine's, no files beside the source. */
const environment = {
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  NO_PROXY: '127.0.0.1',
  PYTHONDONTWRITEBYTECODE: '1',
};

const installed = (python: string): boolean =>
  existsSync(python) &&
  spawnSync(
    python,
    [
      '-c',
      'import importlib.metadata as m, sys; print(*[f"{n}=={m.version(n)}" for n in sys.argv[1:]])',
    ].concat(Object.keys(VERSIONS)),
    { encoding: 'utf8' },
  ).stdout.trim() === pinned.join(' ');

/** The Python of an environment with the pinned packages, made on first use; undefined where there is no Python. */
const pythonWithSdks = (): string | undefined => {
  const folder = join(repositoryRoot, '.cache', `python-${pinned.join('-').replaceAll('==', '-')}`);
  const python = join(folder, 'bin', 'python');
  if (installed(python)) return python;
  const staging = `${folder}.${process.pid}`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  const made =
    spawnSync('python3', ['-m', 'venv', staging], { stdio: 'ignore' }).status === 0 &&
    spawnSync(join(staging, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', ...pinned], {
      stdio: 'ignore',
      timeout: 240_000,
    }).status === 0;
  if (made) renameSync(staging, folder);
  else rmSync(staging, { recursive: true, force: true });
  return installed(python) ? python : undefined;
};

/** Runs one phase with the official packages for Python, in a process of its own. Rejects with what it said when it fails. */
const runPython = async (python: string, task: SdkTask, phase: Phase): Promise<SdkRun> => {
  const child = spawn(python, [program], { env: environment, timeout: RUN_MS_MAX, killSignal: 'SIGKILL' });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.err = (said.err + text).slice(-8_000);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const settings = { models: ASKED_MODELS, leftStream: LEFT_STREAM, parallel: PARALLEL };
  child.stdin.end(JSON.stringify({ ...task, phase, ...settings }));
  if ((await ended) !== 0) throw new Error(`the Python program failed:\n${said.err.slice(-4_000)}`);
  return JSON.parse(said.out) as SdkRun;
};

/** The way to run the packages for Python, and its name; nothing, said loudly, where there is no Python. */
export const whereThereIsPython = (): [
  name: string,
  run: (task: SdkTask, phase: Phase) => Promise<SdkRun>,
][] => {
  const python = pythonWithSdks();
  if (python !== undefined) return [['Python', (task, phase) => runPython(python, task, phase)]];
  process.stderr.write(
    '\n*** NO PYTHON: python3 with venv and pip is needed for the Python SDKs. Not run. ***\n\n',
  );
  if (process.env.CI === 'true') throw new Error('CI must run the Python SDKs');
  return [];
};
