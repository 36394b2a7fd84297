import { spawnSync } from 'node:child_process';

/** Says loudly that something cannot be tested here; in CI it throws, where the thing is `required`. */
export const unavailable = (what: string, reason: string, required = true): undefined => {
  if (required && process.env.CI === 'true') throw new Error(`${what} is required in CI: ${reason}`);
  process.stderr.write(`\n*** NO ${what.toUpperCase()} HERE, what needs it is not tested: ${reason} ***\n\n`);
  return undefined;
};

const isThere = (program: string): boolean =>
  spawnSync(program, ['--help'], { stdio: 'ignore' }).error === undefined;

/** The program's name when it is there; root (or who may become it) has it installed where it is missing. */
export const debianTool = (program: string, packageName = program): string | undefined => {
  if (isThere(program)) return program;
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  const apt = (...args: string[]): void => {
    const [file = '', ...argv] = [...asRoot, 'apt-get', '-qq', '-o', 'DPkg::Lock::Timeout=120', ...args];
    spawnSync(file, argv, {
      stdio: 'ignore',
      timeout: 180_000,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  };
  apt('update');
  apt('install', '-y', '--no-install-recommends', packageName);
  return isThere(program) ? program : unavailable(program, `install the Debian package ${packageName}`);
};
