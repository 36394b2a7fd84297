import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { spinPrograms } from '@lethe/test-servers';
import { searches } from './matrix.js';
import { runSearch } from './run-search.js';
import { asExpected, tableHead, tableLine } from './table.js';

const { values } = parseArgs({ options: { 'two-routers': { type: 'boolean', default: false } } });
const programs = await spinPrograms();
if ('unavailable' in programs) {
  process.exitCode = 1;
} else {
  // The program runs as one bundled file two folders below the root.
  const models = fileURLToPath(new URL('../../packages/policy-sync/model/', import.meta.url));
  const chosen = searches.filter(({ twoRouters }) => values['two-routers'] || !twoRouters);
  process.stdout.write(`${tableHead}\n`);
  let wrong = 0;
  for (const search of chosen) {
    const result = { search, finding: await runSearch(search, programs, models) };
    if (!asExpected(result)) wrong += 1;
    process.stdout.write(`${tableLine(result)}\n`);
  }
  process.stdout.write(`${chosen.length} searches, ${wrong} not as expected\n`);
  process.exitCode = wrong === 0 ? 0 : 1;
}
