const plain = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** One argument as a POSIX shell reads it back, whatever characters it has. */
export const shellQuote = (argument: string): string =>
  plain.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;

/** A whole command line that can be pasted. */
export const commandLine = (argv: readonly string[]): string => argv.map(shellQuote).join(' ');
