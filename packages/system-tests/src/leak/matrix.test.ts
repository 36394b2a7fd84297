import { describe, expect, it } from '@jest/globals';
import { contentsByPath, otherPaths } from './contents/all.js';
import { loadedFields } from './contents/content.js';
import { Manifest, Planter } from './manifest.js';
import { coveringSelection, nameOf, pairsMissed, routesOf, wholeMatrix } from './matrix.js';
import { pathsIn, routerSource, type SourceFile, servedRoutes } from './served-routes.js';

const planterOf = (): Planter =>
  new Planter({ name: 'zdr', key: 'k', adminToken: 't' }, 'case', new Manifest());

/** Paths of the source that no entry of the matrix has. */
const unlisted = (source: readonly SourceFile[]): string[] =>
  pathsIn(source).filter((path) => !(path in contentsByPath) && !(path in otherPaths));

/** The source with one line changed. */
const changed = (file: string, search: string, replace: string): SourceFile[] =>
  routerSource().map(({ path, text }) => {
    if (path !== file) return { path, text };
    expect(text).toContain(search);
    return { path, text: text.replace(search, replace) };
  });

describe('routes', () => {
  it('that the built router serves each have an entry, and each entry is served', () => {
    expect(
      servedRoutes()
        .map(({ path }) => path)
        .sort(),
    ).toEqual(Object.keys(contentsByPath).sort());
  });

  it('that its source names anywhere each have an entry', () => {
    expect(unlisted(routerSource())).toEqual([]);
    // The search sees what is served, so it would see one more.
    expect(pathsIn(routerSource())).toEqual(expect.arrayContaining(servedRoutes().map(({ path }) => path)));
  });

  it.each([
    [
      'as a face',
      'dialects/all.ts',
      "['/v1/embeddings',",
      "['/v1/rerank', embeddingsFace],\n['/v1/embeddings',",
    ],
    [
      'at the framework',
      'http/server.ts',
      'app.notFound(',
      "app.post('/v1/rerank', on(routes.models));\napp.notFound(",
    ],
    [
      'as a pattern',
      'http/server.ts',
      'app.notFound(',
      `app.all(\`/v1/rerank/\${id}\`, on(routes.models));\napp.notFound(`,
    ],
    ['as a catch-all', 'http/server.ts', 'app.notFound(', "app.all('/*', on(routes.models));\napp.notFound("],
  ])('a new one, written %s, turns this red', (_, file, search, replace) => {
    expect(unlisted(changed(file, search, replace))).toEqual([expect.stringMatching(/rerank|\*/)]);
  });
});

describe('requests', () => {
  it('have a canary in every field that can hold words', () => {
    for (const { served, content } of routesOf()) {
      const planter = planterOf();
      const { fields } = content.loaded(planter);
      const sent = { ...loadedFields(planter, served, fields), ...fields };
      const wordy = Object.entries(served.fields)
        .filter(([name, rule]) => !['number', 'boolean'].includes(rule) && !served.zdr.refused.includes(name))
        .map(([name]) => name)
        .filter((name) => !['model', 'stream_options', 'lethe', 'requesty', 'provider'].includes(name));
      const bare = wordy.filter((name) => !/ZDR-CANARY|base64/.test(JSON.stringify(sent[name] ?? '')));
      // What the provider would not understand with a word of ours in it.
      expect([content.name, bare.filter((name) => name !== 'tool_choice')]).toEqual([content.name, []]);
    }
  });

  it('hold each canary once', () => {
    for (const { content } of routesOf()) {
      const planter = planterOf();
      const { payload } = content.loaded(planter);
      const names = payload.map(({ place }) => place);
      expect(new Set(names).size).toBe(names.length);
      expect(names.some((name) => name.endsWith('/last prompt'))).toBe(true);
    }
  });
});

describe('the selection that every run asks', () => {
  const all = wholeMatrix();
  const chosen = coveringSelection(all);

  it('has every pair of factors, and for ZDR every cell', () => {
    expect(pairsMissed(all, chosen)).toEqual([]);
    const quiet = (cells: typeof all) => cells.filter(({ profile }) => profile === 'quiet');
    expect(pairsMissed(quiet(all), quiet(chosen))).toEqual([]);
    const strict = (cells: typeof all) => cells.filter(({ profile }) => profile === 'zdr').map(nameOf);
    expect(strict(chosen)).toEqual(strict(all));
    expect(chosen.length).toBeLessThan(all.length);
  });

  it('would be missed a pair without one of its only cells (control)', () => {
    const without = chosen.filter(
      ({ route, outcome }) => !(route.content.name === 'messages' && outcome.name === 'fault 529'),
    );
    expect(pairsMissed(all, without)).toContain('messages\0fault 529');
  });

  it('names each cell once', () => {
    const names = all.map((cell) => `${cell.profile}/${nameOf(cell)}`);
    expect(new Set(names).size).toBe(names.length);
  });
});
