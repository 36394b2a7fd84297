import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface ToolRun {
  readonly ok: boolean;
  readonly output: string;
}

interface ToolOptions {
  readonly cwd?: string;
  readonly timeoutMs?: number;
  readonly env?: NodeJS.ProcessEnv;
}

const outputCharactersMax = 64 * 1024 * 1024;

/** Runs a program to its end. `output` is its standard output, or the end of its standard error when it failed. */
export const runTool = (
  file: string,
  args: readonly string[],
  { cwd, timeoutMs = 120_000, env }: ToolOptions = {},
): Promise<ToolRun> =>
  new Promise((resolve) => {
    const child = spawn(file, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      ...(cwd !== undefined && { cwd }),
      ...(env !== undefined && { env }),
    });
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < outputCharactersMax) output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-2000);
    });
    child.once('error', () => resolve({ ok: false, output: 'it could not be started' }));
    child.once('close', (code) => resolve(code === 0 ? { ok: true, output } : { ok: false, output: errors }));
  });

/** Whether a program of this name can be started from PATH. */
export const onPath = (program: string): boolean =>
  `${process.env.PATH ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
