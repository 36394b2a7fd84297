// What a scan and a search for watched paths cost, in microseconds per KB: the compiled engine beside the plain one, in turns within one run.
// Usage: npm run build -w @lethe/json-scanner && node packages/json-scanner/bench/scan.mjs
import { performance } from 'node:perf_hooks';

// What was built, found only when this runs: there may be no build when the rules of the house are checked.
const built = (/** @type {string} */ name) => import(new URL(`../dist/${name}.js`, import.meta.url).href);
const { machine, scalarWalk, simdWalk } = await built('engine');
const { JsonScanner } = await built('json-scanner');
const { knownNames } = await built('top-level-fields');
const { compilePaths } = await built('watch/compile-paths');
const { findPaths } = await built('watch/find-paths');
const { scalarSkim } = await built('watch/scalar-skim');
const { simdSkim } = await built('watch/simd-skim');

const names = knownNames(['model', 'messages', 'stream', 'stream_options', 'tools', 'lethe']);
const limits = { nestingMax: 128, topLevelFieldsMax: 256 };
const engines = { javascript: scalarWalk, ...(machine && { wasm: simdWalk(machine) }) };

/** Text with about 20 quotes and escapes a KB, as in code. */
const prose = (/** @type {number} */ bytes) =>
  'if (x === "quoted text here") {\n  return value; // and a longer run of plain words\n}\n'
    .repeat(Math.ceil(bytes / 80))
    .slice(0, bytes);
const chat = (/** @type {string} */ content) =>
  JSON.stringify({
    messages: [
      { role: 'system', content: 'You are terse.' },
      { role: 'user', content },
    ],
    model: 'gpt-4o',
    stream: true,
  });
const tool = (/** @type {number} */ n) => ({
  type: 'function',
  function: {
    name: `tool_${n}`,
    parameters: {
      type: 'object',
      properties: {
        a: { type: 'string' },
        b: { type: 'integer', minimum: 0, maximum: 10 + n },
        c: { enum: ['x', 'y'] },
      },
      required: ['a', 'b'],
    },
  },
});
const tools = Array.from({ length: 400 }, (_, n) => tool(n));
const documents = {
  '1 KB': chat(prose(800)),
  '100 KB': chat(prose(98_000)),
  '1 MB': chat(prose(1_000_000)),
  '1 MB without escapes': chat('plain words and nothing else '.repeat(36_000)),
  '100 KB of Japanese': chat('日本語のテキストです。'.repeat(3000)),
  '100 KB of Japanese, escaped': chat('日本').replace('日本', '\\u65e5\\u672c'.repeat(8_500)),
  '80 KB of tools': JSON.stringify({ model: 'm', tools, messages: [] }),
  '120 KB of tools, indented': JSON.stringify({ model: 'm', tools, messages: [] }, null, 1),
  '100 KB of integers': JSON.stringify({
    model: 'm',
    input: Array.from({ length: 18_000 }, (_, n) => n * 7),
  }),
};

const cut = (/** @type {Buffer} */ document) => {
  const chunks = [];
  for (let at = 0; at < document.length; at += 65_536) chunks.push(document.subarray(at, at + 65_536));
  return chunks;
};
const once = (/** @type {Buffer[]} */ chunks, /** @type {unknown} */ make) => {
  const scanner = new JsonScanner(names, limits, make);
  for (const chunk of chunks) scanner.feed(chunk);
  scanner.finish();
  scanner.wipe();
};

/** Microseconds of the best of many rounds, the engines taking turns. */
const measure = (/** @type {Record<string, () => void>} */ jobs, /** @type {number} */ bytes) => {
  const turns = Math.max(8, Math.ceil(600_000 / bytes));
  const best = Object.fromEntries(Object.keys(jobs).map((engine) => [engine, Number.POSITIVE_INFINITY]));
  for (let round = 0; round < 40; round++) {
    for (const [engine, job] of Object.entries(jobs)) {
      const started = performance.now();
      for (let turn = 0; turn < turns; turn++) job();
      best[engine] = Math.min(best[engine] ?? 0, ((performance.now() - started) * 1000) / turns);
    }
  }
  return best;
};
const print = (
  /** @type {string} */ name,
  /** @type {number} */ bytes,
  /** @type {Record<string, number>} */ best,
) => {
  const cells = Object.entries(best).map(
    ([engine, us]) => `${engine} ${us.toFixed(2)} us, ${((us * 1024) / bytes).toFixed(3)} us/KB`,
  );
  process.stdout.write(`${name.padEnd(34)} ${String(bytes).padStart(8)} B   ${cells.join('   ')}\n`);
};

const watch = compilePaths([
  'tools[].type',
  'messages[].content[].type',
  'messages[].content[].source.type',
  'messages[].content[].file.file_id',
]);
const skims = { javascript: scalarSkim, ...(machine && { wasm: simdSkim(machine) }) };
const watchAll = (/** @type {Buffer[]} */ chunks, /** @type {unknown} */ skim) => {
  const scanner = new JsonScanner(names, limits);
  for (const chunk of chunks) scanner.feed(chunk);
  const fields = scanner.finish().fields.filter(({ name }) => name !== undefined);
  return () => {
    for (const field of fields) findPaths(watch, chunks, { ...field, name: field.name ?? '' }, { skim });
  };
};

for (const [name, text] of Object.entries(documents)) {
  const document = Buffer.from(text);
  const chunks = cut(document);
  const scans = Object.entries(engines).map(([engine, make]) => [engine, () => once(chunks, make)]);
  const searches = Object.entries(skims).map(([engine, skim]) => [engine, watchAll(chunks, skim)]);
  print(name, document.length, measure(Object.fromEntries(scans), document.length));
  print('  watched paths', document.length, measure(Object.fromEntries(searches), document.length));
}
