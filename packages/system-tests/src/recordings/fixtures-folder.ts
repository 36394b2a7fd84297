import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BESIDE_THE_REPOSITORY = fileURLToPath(new URL('../../../../../shared/fixtures', import.meta.url));

/** The folder of input that nobody here wrote: `LETHE_FIXTURES`, else the one beside the repository; null without. */
export function fixturesFolder(env: NodeJS.ProcessEnv = process.env): string | null {
  const folder = env.LETHE_FIXTURES || BESIDE_THE_REPOSITORY;
  return existsSync(join(folder, 'provider-recordings')) ? folder : null;
}

let told = false;

/** Says once, loudly, that tests run without the real recordings. */
export function tellFixturesAbsent(): void {
  if (told) return;
  told = true;
  process.stderr.write(
    '\n*** NO FIXTURES: tests with recorded provider responses do not run. Set LETHE_FIXTURES to their folder. ***\n\n',
  );
}
