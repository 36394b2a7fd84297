// npm run check:long: the long forms of every test that has one: more cases, more time under load, larger logs.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('../..', import.meta.url).pathname;
/** Tests that look at LETHE_LONG themselves, or take the number of their cases from where it is looked at. */
const marks = ['LETHE_LONG', 'property-runs.js'];

const long = ['apps', 'packages']
  .flatMap((group) =>
    readdirSync(join(root, group), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts') && !name.includes('node_modules'))
      .map((name) => join(group, name)),
  )
  .filter((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    return marks.some((mark) => text.includes(mark));
  })
  .sort();

process.stdout.write(`The long forms of:\n${long.map((path) => `  ${path}\n`).join('')}`);
process.env.LETHE_LONG = '1';
process.argv.splice(2, process.argv.length, '--testPathPatterns', ...long);
await import('./run-tests.mjs');
