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
  const visit = (path: string, into: Set<string>): void => {
    for (const each of metafile.inputs[path]?.imports ?? []) {
      const target = each.kind === 'dynamic-import' ? found.later : into;
      if (each.external) target.add(each.path);
      else visit(each.path, target);
    }
  };
  const [entry = ''] = Object.values(metafile.outputs).flatMap(({ entryPoint }) => entryPoint ?? []);
  visit(entry, found.atOnce);
  return found;
};

describe('the entry of the object store', () => {
  it('loads no driver before the configuration has named one', async () => {
    const { atOnce, later } = await importsOf('./index.ts');
    expect([...atOnce].filter((name) => /postgres|minio/.test(name))).toEqual([]);
    // The control: the same look finds both where they are loaded.
    expect([...later]).toEqual(expect.arrayContaining(['postgres', 'minio']));
  });

  it.each(['writer', 'reader'])('loads the other driver with neither %s', async (half) => {
    const s3 = (await importsOf(`./s3/${half}.ts`)).atOnce;
    const postgres = (await importsOf(`./postgres/${half}.ts`)).atOnce;
    expect([s3.has('minio'), s3.has('postgres')]).toEqual([true, false]);
    expect([postgres.has('minio'), postgres.has('postgres')]).toEqual([false, true]);
  });

  it('imports no file API, except to read the migrations', async () => {
    const files = (names: Set<string>): string[] =>
      [...names].filter((name) => /^(node:)?fs(\/|$)/.test(name));
    const { atOnce, later } = await importsOf('./index.ts');
    expect([...files(atOnce), ...files(later)]).toEqual([]);
    expect(files((await importsOf('./migrations.ts')).atOnce)).not.toEqual([]);
  });
});
