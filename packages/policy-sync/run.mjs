// npm run simulate, npm run model: bundles the program from its sources and runs it, so that no build is needed
// and none that others use is touched.
import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const [name, ...args] = process.argv.slice(2);
const outfile = fileURLToPath(
  new URL(`../../.cache/policy-sync/${name}-${process.pid}.mjs`, import.meta.url),
);
mkdirSync(new URL('../../.cache/policy-sync', import.meta.url), { recursive: true });
await build({
  entryPoints: [fileURLToPath(new URL(`src/${name}/main.ts`, import.meta.url))],
  outfile,
  bundle: true,
  conditions: ['development'],
  plugins: [
    {
      name: 'packages of others stay outside',
      setup: (bundler) => {
        bundler.onResolve({ filter: /^[^.]/ }, ({ kind, path }) =>
          kind === 'entry-point' || path.startsWith('@lethe/') ? undefined : { path, external: true },
        );
      },
    },
  ],
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: 'inline',
  logLevel: 'warning',
});
process.argv.splice(2, process.argv.length, ...args);
try {
  await import(pathToFileURL(outfile).href);
} finally {
  rmSync(outfile, { force: true });
}
