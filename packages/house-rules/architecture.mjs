// Runs the rules of .dependency-cruiser.cjs over the whole house and asserts that it really saw it: with a parser it
// cannot use, dependency-cruiser reports "no violations (0 modules)" and exits 0.

import { join } from 'node:path';
import { cruise } from 'dependency-cruiser';
import extractOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';
import extractTsConfig from 'dependency-cruiser/config-utl/extract-ts-config';

export const modulesMin = 150;

// The bite test points this at a scratch copy.
const root = process.argv[2] ?? new URL('../..', import.meta.url).pathname;
process.chdir(root);
const options = await extractOptions(join(root, '.dependency-cruiser.cjs'));
const { output } = await cruise(
  ['apps', 'packages'].map((folder) => folder),
  options,
  undefined,
  { tsConfig: extractTsConfig(join(root, 'tsconfig.json')) },
);
if (typeof output === 'string') throw new Error('dependency-cruiser gave no result object');
const { violations, totalCruised } = output.summary;
for (const { rule, from, to } of violations) {
  const reason = options.ruleSet?.forbidden?.find(({ name }) => name === rule.name)?.comment ?? '';
  process.stdout.write(`${rule.severity} ${rule.name}: ${from} → ${to}\n    ${reason}\n`);
}
process.stdout.write(`${totalCruised} modules, ${violations.length} violations\n`);
if (totalCruised < modulesMin)
  process.stdout.write(`expected at least ${modulesMin} modules: the rules did not see the house\n`);
process.exitCode = violations.length === 0 && totalCruised >= modulesMin ? 0 : 1;
