import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { builtProgram } from '../../support/built-program.js';
import type { AppendLoad, AppendOutcome, LoadResult } from './append-load.js';

export interface RunningLoad {
  /** Resolves when the load has ended by itself, having begun all its events. */
  readonly ended: Promise<LoadResult>;
  /** Begins no more, and resolves when what was begun is answered or given up. */
  stop(): Promise<LoadResult>;
}

type Written = Omit<LoadResult, 'outcomes'> & {
  readonly outcomes: readonly (Omit<AppendOutcome, 'body'> & { readonly body: string })[];
};

const readResult = (text: string): LoadResult => {
  const { outcomes, ...rest } = JSON.parse(text) as Written;
  const read = outcomes.map((outcome) => ({ ...outcome, body: Buffer.from(outcome.body, 'base64') }));
  return { ...rest, outcomes: read };
};

/** Starts callers in a process of their own. */
export const startAppendLoad = (task: AppendLoad): RunningLoad => {
  const child = spawn(process.execPath, [builtProgram('audit/load/append-load-program')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const onOurExit = (): void => void child.kill('SIGKILL');
  process.once('exit', onOurExit);
  child.stdin.on('error', () => undefined);
  child.stdin.write(`${JSON.stringify(task)}\n`);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = once(child, 'close').then(() => {
    process.removeListener('exit', onOurExit);
    return readResult(Buffer.concat(chunks).toString());
  });
  return {
    ended,
    stop: () => {
      child.stdin.end();
      return ended;
    },
  };
};
