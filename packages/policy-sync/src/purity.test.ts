import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const forbidden: readonly (readonly [string, RegExp])[] = [
  ['the wall clock', /\bDate\b/],
  ['another clock or a timer', /\b(?:performance|hrtime\.|uptime\(|setTimeout|setInterval|setImmediate)\b/],
  ['chance', /\bMath\.random\b|\bcrypto\b/],
  ['a package or a part of Node', /\b(?:from|import)\s*\(?['"](?!\.\.?\/)/],
  ['the process or the global object', /(?<![-\w])(?:process\.|globalThis|console\b)/],
  ['waiting', /\b(?:async|await|Promise|queueMicrotask)\b/],
];

const breaches = (source: string): string[] =>
  forbidden.filter(([, pattern]) => pattern.test(source)).map(([name]) => name);

const folder = new URL('.', import.meta.url);
const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
);
const pure = sources.filter((name) => !name.startsWith('model/') && name !== 'simulation/main.ts');

describe('the protocol is pure', () => {
  it('has both halves and the simulator to look at', () => {
    expect(pure).toEqual(
      expect.arrayContaining(['router/step.ts', 'admin/step.ts', 'timing.ts', 'simulation/simulate.ts']),
    );
  });

  it.each(pure)('%s has no clock, no I/O and no chance of its own', (name) => {
    expect(breaches(readFileSync(new URL(name, folder), 'utf8'))).toEqual([]);
  });

  it.each(sources)('%s never looks at the wall clock', (name) => {
    expect(readFileSync(new URL(name, folder), 'utf8')).not.toMatch(/\bDate\b/);
  });

  it.each([
    'const now = Date.now();',
    'const now = new Date();',
    'const now = performance.now();',
    "import { uptime } from 'node:os';",
    "const os = await import('node:os');",
    'const at = process.hrtime.bigint();',
    'setTimeout(close, 10);',
    'if (Math.random() < 0.5) grant();',
  ])('would notice: %s', (line) => {
    expect(breaches(line)).not.toEqual([]);
  });

  it('knows neither the simulator nor the model', () => {
    for (const name of pure.filter((path) => /^(?:router|admin)\/|^[a-z-]+\.ts$/.test(path)))
      expect(readFileSync(new URL(name, folder), 'utf8')).not.toMatch(/simulation|model\//);
  });
});
