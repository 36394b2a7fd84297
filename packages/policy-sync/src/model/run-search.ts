import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SpinPrograms } from '@lethe/test-servers';
import type { Search } from './matrix.js';
import { type Finding, readReport } from './read-report.js';

const outputBytesMax = 1024 * 1024;

interface Output {
  readonly ended: 'well' | 'badly' | 'too late';
  readonly text: string;
}

const run = (program: string, args: readonly string[], cwd: string, timeoutMs: number): Promise<Output> =>
  new Promise((resolve) => {
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    const read = (chunk: Buffer): void => {
      if (text.length < outputBytesMax) text += chunk.toString('utf8');
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    const end = (ended: Output['ended']): void => {
      clearTimeout(timer);
      resolve({ ended: late ? 'too late' : ended, text });
    };
    child.on('error', () => end('badly'));
    child.on('close', (code) => end(code === 0 ? 'well' : 'badly'));
  });

const failed = (output: Output): Finding => ({
  verdict: output.ended === 'too late' ? 'timed out' : 'no report',
  states: 0,
  depth: 0,
});

/** Compiles one model with its definitions and searches it exhaustively. `models`: the folder of the Promela files. */
export const runSearch = async (search: Search, programs: SpinPrograms, models: string): Promise<Finding> => {
  const folder = await mkdtemp(join(tmpdir(), 'lethe-model-'));
  const timeoutMs = search.twoRouters ? 900_000 : 120_000;
  try {
    const defines = search.defines.map((define) => `-D${define}`);
    const made = await run(
      programs.spin,
      [...defines, '-a', join(models, `${search.model}.pml`)],
      folder,
      60_000,
    );
    if (made.ended !== 'well') return failed(made);
    // Small searches are over sooner than an optimizing compiler.
    const flags = [search.twoRouters ? '-O2' : '-O0', '-DSAFETY', '-DCOLLAPSE', '-w', '-o', 'pan', 'pan.c'];
    const compiled = await run(programs.gcc, flags, folder, 120_000);
    if (compiled.ended !== 'well') return failed(compiled);
    const bounds = search.twoRouters ? ['-m2000000', '-w27'] : ['-m500000', '-w20'];
    const searched = await run('./pan', bounds, folder, timeoutMs);
    return searched.ended === 'too late' ? failed(searched) : readReport(searched.text);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
