#!/usr/bin/env node
// Committed and executable, so that npm can link the command before anything is built.
import { existsSync } from 'node:fs';

const built = new URL('../dist/main.js', import.meta.url);
if (existsSync(built)) await import(built.href);
else {
  process.stderr.write(
    'Lethe is not built yet. Run "npm start" (or "npx turbo run build") in the repository once.\n',
  );
  process.exitCode = 1;
}
