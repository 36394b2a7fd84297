import { spawnSync } from 'node:child_process';

export interface GoVerdict {
  readonly exitCode: number | null;
  /** The program's one line of JSON. */
  readonly line: string;
}

/** Runs the Go program of interop/verify over a folder; it shares no code with this package. */
export const runGoVerifier = (program: string, folder: string, args: readonly string[]): GoVerdict => {
  const { status, stdout } = spawnSync(program, ['-dir', folder, ...args], {
    encoding: 'utf8',
    timeout: 120_000,
    killSignal: 'SIGKILL',
  });
  return { exitCode: status, line: stdout.trim() };
};
