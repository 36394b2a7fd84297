// Compiles assembly/*.as (AssemblyScript) to WebAssembly and embeds it in src/gen/scanner-wasm.ts, which is committed:
// the router may not read files, and tests run from src. With --check it writes nothing and fails when they differ.
// The sources are not named .ts, since they are no TypeScript: the compiler is told where they lie.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import asc from 'assemblyscript/asc';

const here = import.meta.dirname;
const target = join(here, '../src/gen/scanner-wasm.ts');

const flags = [
  ...['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--enable', 'simd'],
  // A fixed memory: its views never detach, and nothing of a document can lie anywhere else.
  ...['--initialMemory', '2', '--maximumMemory', '2', '--memoryBase', '64'],
];

let binary = new Uint8Array();
const { error, stderr } = await asc.main(['scanner.ts', '--outFile', 'scanner.wasm', ...flags], {
  readFile: (name) => {
    const path = join(here, name.replace(/\.ts$/, '.as'));
    return name.endsWith('.ts') && existsSync(path) ? readFileSync(path, 'utf8') : null;
  },
  writeFile: (name, contents) => {
    if (name.endsWith('.wasm')) binary = contents;
  },
  listFiles: () => [],
});
if (error !== null) {
  process.stderr.write(stderr.toString());
  process.exit(1);
}
const lines = Buffer.from(binary)
  .toString('base64')
  .match(/.{1,100}/g);
const text = `// Made from assembly/*.as by assembly/compile.mjs. Do not edit.
export const scannerWasm = [
${lines.map((line) => `  '${line}',\n`).join('')}].join('');
`;
const current = existsSync(target) ? readFileSync(target, 'utf8') : '';
if (process.argv.includes('--check')) {
  process.exitCode = current === text ? 0 : 1;
} else if (current !== text) {
  mkdirSync(join(here, '../src/gen'), { recursive: true });
  writeFileSync(target, text);
}
process.stdout.write(
  `${binary.length} bytes of WebAssembly, ${current === text ? 'as' : 'not what was'} committed\n`,
);
