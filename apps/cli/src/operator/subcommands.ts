import type { Command } from '../command.js';
import { usageProblem } from '../terminal/problem.js';

export type Subcommand = (args: readonly string[]) => Promise<number>;

/** A command whose first argument says what to do; `helps` may have a page for each. */
export const withSubcommands = (
  name: string,
  help: string,
  subcommands: Readonly<Record<string, Subcommand>>,
  helps: Readonly<Record<string, string>> = {},
): Command => ({
  help,
  helpFor: ([action = '']) => (Object.hasOwn(helps, action) ? helps[action] : undefined),
  run: async ([action, ...args]) => {
    const run = action !== undefined && Object.hasOwn(subcommands, action) ? subcommands[action] : undefined;
    if (run === undefined)
      throw usageProblem(`lethe ${name} takes one of: ${Object.keys(subcommands).join(', ')}.`, name);
    return await run(args);
  },
});
