// Writes the results in a file that `npm run bench -- --json FILE` wrote into docs/performance.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { repositoryRoot } from './places.js';
import { renewPage } from './report/page.js';
import { decodeResults } from './report/results-codec.js';

const [file = join(repositoryRoot, 'packages', 'bench', 'results.json')] = process.argv.slice(2);
const page = join(repositoryRoot, 'docs', 'performance.md');
writeFileSync(
  page,
  renewPage(readFileSync(page, 'utf8'), decodeResults(readFileSync(resolve(file), 'utf8'))),
);
