import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';

/** What a module imports before anything runs, and what else it may load later, of packages and of Node. */
const importsOf = async (file: string): Promise<{ atOnce: Set<string>; later: Set<string> }> => {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
    bundle: true,
    write: false,
    metafile: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    outdir: 'out',
  });
  const found = { atOnce: new Set<string>(), later: new Set<string>() };
  const visit = (path: string, into: Set<string>, seen: Set<string>): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const each of metafile.inputs[path]?.imports ?? []) {
      const target = each.kind === 'dynamic-import' ? found.later : into;
      if (each.external) target.add(each.path);
      else visit(each.path, target, seen);
    }
  };
  const [entry = ''] = Object.values(metafile.outputs).flatMap(({ entryPoint }) => entryPoint ?? []);
  visit(entry, found.atOnce, new Set());
  return found;
};

describe('the entry of the package', () => {
  it('loads no driver before the configuration has named one', async () => {
    const { atOnce, later } = await importsOf('./index.ts');
    expect([...atOnce].filter((name) => /postgres|kafkajs/.test(name))).toEqual([]);
    // The control: the same look finds both where they are loaded.
    expect([...later]).toEqual(expect.arrayContaining(['postgres', 'kafkajs']));
  });

  it('loads the other driver with neither adapter', async () => {
    expect((await importsOf('./kafka/producer.ts')).atOnce).not.toContain('postgres');
    expect((await importsOf('./postgres/producer.ts')).atOnce).not.toContain('kafkajs');
  });

  it('imports no file API, except to read the migrations', async () => {
    const files = (names: Set<string>): string[] =>
      [...names].filter((name) => /^(node:)?fs(\/|$)/.test(name));
    const { atOnce, later } = await importsOf('./index.ts');
    expect([...files(atOnce), ...files(later)]).toEqual([]);
    expect(files((await importsOf('./migrations.ts')).atOnce)).not.toEqual([]);
  });
});
