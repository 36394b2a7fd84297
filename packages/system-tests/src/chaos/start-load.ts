import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { builtProgram } from '../support/built-program.js';
import type { LoadOptions, Outcome } from './steady-load.js';

/** Starts the load in a process of its own; the function that is returned ends it and gives the outcomes. */
export const startLoad = (task: Omit<LoadOptions, 'signal'>): (() => Promise<Outcome[]>) => {
  const child = spawn(process.execPath, [builtProgram('chaos/load-program')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const onOurExit = (): void => void child.kill('SIGKILL');
  process.once('exit', onOurExit);
  child.stdin.on('error', () => undefined);
  child.stdin.write(`${JSON.stringify(task)}\n`);
  let written = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    written += text;
  });
  const ended = once(child, 'close');
  return async () => {
    child.stdin.end();
    await ended;
    process.removeListener('exit', onOurExit);
    return JSON.parse(written) as Outcome[];
  };
};
