import { errorFacts } from '@lethe/service-kit';
import type { Subcommand } from '../../operator/subcommands.js';
import { Problem } from '../../terminal/problem.js';

/** A command whose exit code 1 is a verdict: what kept it from one is exit code 3, but for a wrong command line. */
export const withVerdict =
  (run: Subcommand): Subcommand =>
  async (args) => {
    try {
      return await run(args);
    } catch (error) {
      if (error instanceof Problem)
        throw error.exitCode === 1 ? new Problem(error.message, error.next, 3) : error;
      const { name, code } = errorFacts(error);
      throw new Problem(
        `There is no verdict: something unexpected went wrong (${[name, code].filter(Boolean).join(', ')}).`,
        undefined,
        3,
      );
    }
  };
