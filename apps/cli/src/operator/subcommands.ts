import type { Command } from '../command.js';
import { usageProblem } from '../terminal/problem.js';

export type Subcommand = (args: readonly string[]) => Promise<number>;

/** A command whose first argument says what to do. */
export const withSubcommands = (
  name: string,
  help: string,
  subcommands: Readonly<Record<string, Subcommand>>,
): Command => ({
  help,
  run: async ([action, ...args]) => {
    const run = action !== undefined && Object.hasOwn(subcommands, action) ? subcommands[action] : undefined;
    if (run === undefined)
      throw usageProblem(`lethe ${name} takes one of: ${Object.keys(subcommands).join(', ')}.`, name);
    return await run(args);
  },
});
