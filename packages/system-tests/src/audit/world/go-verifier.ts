import { buildGoProgram } from '@lethe/test-servers';
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

/** The verifier that is made of the Go checksum database's packages; undefined (and loud) without Go. */
export const buildGoVerifier = async (): Promise<GoVerifier | undefined> => {
  const program = await buildGoProgram({
    module: 'packages/transparency-log/interop/verify',
    name: 'go-verifier',
    required: true,
  });
  if (typeof program !== 'string') return undefined;
  return {
    verify: async (args, env = {}) => {
      const ran = await runProgram(program, args, env);
      return { ...ran, verdict: JSON.parse(ran.out || '{"ok":false}') as GoVerdict };
    },
  };
};
