import { type ParseArgsConfig, parseArgs } from 'node:util';
import { usageProblem } from './problem.js';

type Options = NonNullable<ParseArgsConfig['options']>;

/** parseArgs of Node with its errors turned into problems, and the number of plain arguments checked. */
export const readArguments = <const O extends Options>(
  command: string,
  args: readonly string[],
  expected: {
    readonly options: O;
    readonly positionals: readonly string[];
    readonly optional?: readonly string[];
  },
) => {
  const parsed = parse(command, args, expected.options);
  const missing = expected.positionals[parsed.positionals.length];
  if (missing !== undefined) throw usageProblem(`<${missing}> is missing.`, command);
  if (parsed.positionals.length > expected.positionals.length + (expected.optional?.length ?? 0))
    throw usageProblem('There is an argument too many.', command);
  return parsed;
};

const parse = <const O extends Options>(command: string, args: readonly string[], options: O) => {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const what = error instanceof Error ? (error.message.split('. ')[0] ?? '') : '';
    throw usageProblem(`${what}.`, command);
  }
};

/** The value of an option that must be given. */
export const required = (value: string | undefined, option: string, command: string): string => {
  if (value === undefined || value === '') throw usageProblem(`--${option} is missing.`, command);
  return value;
};
