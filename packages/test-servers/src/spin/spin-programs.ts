import { spawn } from 'node:child_process';

/** Why the model checker cannot be had on this machine, in a few words. */
export interface NoSpin {
  readonly unavailable: string;
}

/** Commands of the model checker and of the compiler that its output needs. */
export interface SpinPrograms {
  readonly spin: string;
  readonly gcc: string;
}

const installTimeoutMs = 300_000;

const runs = (program: string, args: readonly string[]): Promise<boolean> =>
  new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: 'ignore',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      timeout: installTimeoutMs,
      killSignal: 'SIGKILL',
    });
    child.on('error', () => resolve(false));
    child.on('exit', (code) => resolve(code === 0));
  });

const present = async (): Promise<boolean> =>
  (await runs('spin', ['-V'])) && (await runs('gcc', ['--version']));

const install = async (): Promise<boolean> => {
  if (process.getuid?.() !== 0) return false;
  const packages = ['install', '-y', '--no-install-recommends', 'spin', 'gcc', 'libc6-dev'];
  if (await runs('apt-get', packages)) return true;
  return (await runs('apt-get', ['update'])) && runs('apt-get', packages);
};

/**
 * Spin and gcc from the machine, else from Debian when this process may install them. Missing, it says so loudly;
 * in CI it throws.
 */
export const spinPrograms = async (): Promise<SpinPrograms | NoSpin> => {
  if ((await present()) || ((await install()) && (await present()))) return { spin: 'spin', gcc: 'gcc' };
  const reason = 'Debian package spin, and gcc, are not installed';
  if (process.env.CI === 'true') throw new Error(`spin is required in CI: ${reason}`);
  process.stderr.write(`\n*** NO SPIN ON THIS MACHINE, models are not checked: ${reason} ***\n\n`);
  return { unavailable: reason };
};
