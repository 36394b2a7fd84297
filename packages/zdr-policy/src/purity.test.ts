import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const FORBIDDEN: readonly (readonly [string, RegExp])[] = [
  ['an import from outside this folder', /(?:\bfrom\s+|\bimport\s*)['"`](?!\.\/[a-z-]+\.js['"`])/],
  ['an import at run time', /\bimport\s*\(/],
  ['require', /\brequire\b/],
  ['a clock', /\b(?:Date|performance|hrtime|setTimeout|setInterval)\b/],
  ['chance', /\b(?:Math\.random|crypto)\b/],
  ['the network', /\b(?:fetch|WebSocket|XMLHttpRequest)\b/],
  ['the process or the global object', /\b(?:process|globalThis|global|console)\b/],
  ['waiting', /\b(?:async|await|Promise|queueMicrotask)\b/],
  ['evaluated code', /\b(?:eval|Function)\s*\(/],
];

function impurities(source: string): string[] {
  return FORBIDDEN.filter(([, pattern]) => pattern.test(source)).map(([name]) => name);
}

describe('the policy is pure', () => {
  const folder = new URL('.', import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));

  it('has sources to look at', () => {
    expect(files).toContain('retention.ts');
    expect(files).toContain('index.ts');
  });

  it.each(files)('%s reaches for nothing outside itself', (name) => {
    expect(impurities(readFileSync(new URL(name, folder), 'utf8'))).toEqual([]);
  });

  it.each([
    "import { readFileSync } from 'node:fs';",
    "import pg from 'pg';",
    "import '../outside.js';",
    "export { x } from '@lethe/contracts';",
    "const later = import('./' + name);",
    'const now = Date.now();',
    'if (process.env.DEBUG) allow();',
    'const seed = Math.random();',
    'return (await ask()).allowed;',
    "fetch('http://policy');",
    "const fs = require('fs');",
    'globalThis.allowAll = true;',
  ])('would notice: %s', (line) => {
    expect(impurities(line)).not.toEqual([]);
  });
});

describe('the package declares no dependency', () => {
  it('needs nothing at run time', () => {
    const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
    expect(manifest).not.toContain('"dependencies"');
    expect(manifest).not.toContain('"peerDependencies"');
  });
});
