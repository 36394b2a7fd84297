import { join } from 'node:path';
import { nativeFolder } from '../places.js';
import { Problem } from '../problem.js';
import { onPath, runTool } from './run-tool.js';

/** The C programs, compiled. */
export interface NativePrograms {
  readonly mock: string;
  readonly load: string;
}

const compileOne = async (folder: string, name: string): Promise<string> => {
  const target = join(folder, name);
  const { ok, output } = await runTool('cc', ['-O2', '-Wall', '-o', target, join(nativeFolder, `${name}.c`)]);
  if (!ok) throw new Problem(`cc could not compile ${name}.c:\n${output}`);
  return target;
};

/** Compiles both into `folder`. Rejects with Problem when there is no C compiler. */
export const compileNative = async (folder: string): Promise<NativePrograms> => {
  if (!onPath('cc'))
    throw new Problem(
      'There is no C compiler (cc): the mock provider and the load generator are C programs. Install gcc.',
    );
  return { mock: await compileOne(folder, 'mock'), load: await compileOne(folder, 'load') };
};
