// Builds the workspace it is called from: every source file under src/ becomes one ES module under dist/.
// Types are checked once for the whole house (npm run typecheck), so this step only strips them: about 0.3 s.
import { cpSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/** @param {string} folder @returns {string[]} */
const filesUnder = (folder) =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesUnder(path) : [path];
  });

const sources = filesUnder('src').filter(
  (path) => /\.tsx?$/.test(path) && !/\.(test|contract)\.tsx?$|\.d\.ts$|(?:^|\/)testing\//.test(path),
);
rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints: sources,
  outbase: 'src',
  outdir: 'dist',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'warning',
});
for (const path of filesUnder('src').filter((p) => p.endsWith('.json') || p.endsWith('.sql'))) {
  cpSync(path, join('dist', path.slice('src/'.length)));
}
if (existsSync('migrations')) cpSync('migrations', 'dist/migrations', { recursive: true });
