// Makes one plain script of the behaviour tests, inside Stryker's copy of this package. purity.test.ts stays out:
// it reads the sources, and in the copy they carry Stryker's own code.
import { readdirSync } from 'node:fs';
import { build } from 'esbuild';

const behaviour = readdirSync('src').filter((name) => name.endsWith('.test.ts') && name !== 'purity.test.ts');
// The table first: it notices most mutants, and at once.
const tests = behaviour.sort((a, b) => Number(b.startsWith('truth')) - Number(a.startsWith('truth')));
if (tests.length === 0) throw new Error('no tests to bundle');

await build({
  stdin: { contents: tests.map((name) => `import './src/${name}';`).join('\n'), resolveDir: '.' },
  outfile: 'dist/mutation-tests.cjs',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  alias: { '@jest/globals': './mutation/jest-globals.mjs' },
  logLevel: 'error',
});
