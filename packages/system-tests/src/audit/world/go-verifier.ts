import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../start-lethe.js';
import { unavailable } from './debian-tools.js';
import { type Ran, runProgram } from './run-program.js';

/** What the Go verifier says of a log, as one line of JSON. */
export interface GoVerdict {
  readonly ok: boolean;
  readonly code?: string;
  readonly size: number;
  readonly root: string;
  readonly entries: number;
  readonly proofs: number;
  readonly growth: number;
  readonly kept_heads: number;
}

export interface GoVerifier {
  verify(
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): Promise<Ran & { verdict: GoVerdict }>;
}

/** Builds the verifier that is made of the Go checksum database's packages; undefined (and loud) without Go. */
export const buildGoVerifier = (): GoVerifier | undefined => {
  const source = join(repositoryRoot, 'packages', 'transparency-log', 'interop', 'verify');
  const program = join(repositoryRoot, '.cache', 'tlog-verify');
  mkdirSync(join(repositoryRoot, '.cache'), { recursive: true });
  const built = spawnSync('go', ['build', '-o', program, '.'], {
    cwd: source,
    encoding: 'utf8',
    timeout: 300_000,
  });
  if (built.status !== 0 || !existsSync(program))
    return unavailable('Go verifier', built.error === undefined ? 'it could not be built' : 'there is no Go');
  return {
    verify: async (args, env = {}) => {
      const ran = await runProgram(program, args, env);
      return { ...ran, verdict: JSON.parse(ran.out || '{"ok":false}') as GoVerdict };
    },
  };
};
