import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { commandLine, shellQuote } from './shell-quote.js';

/** The arguments as a real shell reads them. */
const read = (line: string): string[] => {
  const { stdout } = spawnSync('sh', ['-c', `node -p 'JSON.stringify(process.argv.slice(1))' -- ${line}`], {
    encoding: 'utf8',
  });
  return JSON.parse(stdout) as string[];
};

describe('a command line that can be pasted', () => {
  it('gives a shell back every argument, whatever characters it has', () => {
    const argument = fc.string({ unit: fc.constantFrom(...`ab 'é"$\`\\\n!*?~#&|;<>(){}[]=%`) });
    fc.assert(
      fc.property(fc.array(argument, { minLength: 1, maxLength: 4 }), (argv) => {
        expect(read(commandLine(argv))).toEqual(argv);
      }),
      { numRuns: 15 },
    );
  });

  it('leaves plain arguments as they are, for people', () => {
    expect(shellQuote('http://127.0.0.1:4000/v1')).toBe('http://127.0.0.1:4000/v1');
    expect(shellQuote('')).toBe("''");
  });
});
