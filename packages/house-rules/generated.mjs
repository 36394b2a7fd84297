// Generates the protobuf code anew and fails when it differs from what is committed.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

const root = new URL('../..', import.meta.url).pathname;
const committed = join(root, 'packages/contracts/src/gen');
const scratch = mkdtempSync(join(tmpdir(), 'lethe-gen-'));
const filesUnder = (/** @type {string} */ folder) =>
  readdirSync(folder, { recursive: true })
    .map(String)
    .filter((path) => statSync(join(folder, path)).isFile())
    .sort();

try {
  cpSync(join(root, 'proto'), join(scratch, 'proto'), { recursive: true });
  const template = readFileSync(join(root, 'proto/buf.gen.yaml'), 'utf8')
    .replaceAll('../packages/contracts/src/gen', join(scratch, 'gen'))
    .replaceAll('../node_modules', join(root, 'node_modules'));
  writeFileSync(join(scratch, 'proto/buf.gen.yaml'), template);
  const { status } = spawnSync(join(root, 'node_modules/.bin/buf'), ['generate'], {
    cwd: join(scratch, 'proto'),
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(1);
  const fresh = join(scratch, 'gen');
  const [before, after] = [filesUnder(committed), filesUnder(fresh)];
  const differing = [...new Set([...before, ...after])].filter(
    (path) =>
      !before.includes(path) ||
      !after.includes(path) ||
      readFileSync(join(committed, path), 'utf8') !== readFileSync(join(fresh, path), 'utf8'),
  );
  for (const path of differing)
    process.stdout.write(
      `stale: ${relative(root, join(committed, path))}. Run: cd proto && npx buf generate\n`,
    );
  process.exitCode = differing.length === 0 ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
