import { describe, expect, it } from '@jest/globals';
import { catalogProviders } from '@lethe/model-catalog';
import type { LetheError } from '@lethe/service-kit';
import fc from 'fast-check';
import { bodyOf, sentText } from '../testing/chat-body.js';
import { facesByPath } from './all.js';
import { messagesFace } from './anthropic/messages.js';
import type { Face, WatchedPlace } from './face.js';
import { responsesFace } from './openai/responses.js';
import { planEdits } from './request-edits.js';

const canary = 'CANARY-7f1f';
const accepts = catalogProviders.find(({ id }) => id === 'sim')?.accepts;
if (accepts === undefined) throw new Error('no simulated provider');

const send = (face: Face, json: string, zdr: boolean, cuts: readonly number[] = []): string => {
  const body = bodyOf(face, json, cuts);
  const context = {
    face,
    body,
    zdr,
    accepts,
    upstreamModelJson: Buffer.from('"m"'),
    streaming: false,
    reasons: false,
  };
  return sentText(body, planEdits(context).edits);
};
const refusalOf = (face: Face, json: string, cuts: readonly number[] = []): LetheError | undefined => {
  try {
    send(face, json, true, cuts);
  } catch (error) {
    return error as LetheError;
  }
  return undefined;
};

/** A document around a value at a watched place. Each element has what it needs beside it. */
const around = (path: string, leaf: string, beside = ''): string => {
  const steps = path.match(/\[\]|[a-z_]+/g) ?? [];
  const build = (at: number): string => {
    const step = steps[at];
    if (step === undefined) return leaf;
    if (step === '[]') return `[${build(at + 1)}]`;
    const inner = `"${step}":${build(at + 1)}`;
    return at === 0 ? inner : `{${beside}${inner}}`;
  };
  return build(0);
};
const refusedName = (path: string): string => /^[a-z_]+/.exec(path)?.[0] ?? '';
/** Fields that a request must have besides the one that is watched. */
const documentOf = (face: Face, path: string, leaf: string, beside = ''): string => {
  const field = refusedName(path);
  const core: Record<string, string> = {
    model: '"m"',
    messages: '[]',
    input: '"i"',
    prompt: '"p"',
    max_tokens: '1',
  };
  const required = face.required.filter((name) => name !== field).map((name) => `"${name}":${core[name]},`);
  return `{${required.join('')}${around(path, leaf, beside)}}`;
};
/** What makes a list's elements whole where they need a member: without it another rule would refuse first. */
const besideOf = (path: string): string => (path.startsWith('input[].') ? '"role":"user",' : '');

/** Changes the value of the watched field, which stands last. */
const within = (path: string, json: string, change: (text: string) => string): string => {
  const start = json.indexOf(`"${refusedName(path)}":`) + refusedName(path).length + 3;
  return json.slice(0, start) + change(json.slice(start));
};

const places = [...facesByPath].flatMap(([path, face]) =>
  face.zdr.watched
    .filter(({ needsOneOf }) => needsOneOf === undefined)
    .map((place): [string, string, Face, WatchedPlace] => [path, place.path, face, place]),
);
const refused = (path: string) => ({ code: 'org_policy.field_refused', param: refusedName(path) });

describe.each(places)('%s %s', (_endpoint, path, face, place) => {
  const known = place.allowed?.[0] ?? '';
  const beside = besideOf(path);
  const at = (leaf: string): string => documentOf(face, path, leaf, beside);
  const refuses = (json: string, cuts: readonly number[] = []): void => {
    const thrown = refusalOf(face, json, cuts);
    expect([json, thrown]).toMatchObject([json, refused(path)]);
    expect(thrown?.message).not.toContain(canary);
    // Control: without ZDR the provider receives it, byte for byte but for the model.
    expect(JSON.parse(send(face, json, false))).toEqual(JSON.parse(json));
  };

  it('refuses whatever is not allowed, of any kind', () => {
    const strange = [`"${canary}"`, '""', '7', 'true', 'false', '{}', '[]', `["${known || canary}"]`];
    for (const leaf of [...strange, `"${'x'.repeat(70)}"`, `"${'x'.repeat(100_000)}"`]) refuses(at(leaf));
    if (place.allowed !== undefined) {
      const cased = known.toUpperCase();
      for (const near of [`${known} `, ` ${known}`, cased, `${known}x`, known.slice(1)])
        refuses(at(JSON.stringify(near)));
    }
  });

  it('lets null and what is allowed stand', () => {
    for (const leaf of ['null', ...(place.allowed ?? []).map((text) => `"${text}"`)]) {
      const json = at(leaf);
      expect([json, refusalOf(face, json)]).toEqual([json, undefined]);
    }
  });

  it('refuses what is spelled with an escape: the value, and each key on the way', () => {
    refuses(at(`"${known || 'f'}\\u0061"`));
    refuses(at(`"\\u0066${known}"`));
    const keys = path.match(/[a-z_]+/g) ?? [];
    for (const key of keys.slice(1)) {
      const escaped = `\\u${key.charCodeAt(0).toString(16).padStart(4, '0')}${key.slice(1)}`;
      // What would pass by its value is refused as well: what such a key says is not read.
      const spelled = (text: string): string => text.replaceAll(`"${key}":`, `"${escaped}":`);
      for (const leaf of [`"${canary}"`, 'null']) refuses(within(path, at(leaf), spelled));
    }
  });

  it('refuses a second one that hides behind one that is allowed, in either order', () => {
    const last = /[a-z_]+(?=(\[\])?$)/.exec(path)?.[0] ?? '';
    const inList = path.endsWith('[]');
    const bad = inList ? `["${canary}"]` : `"${canary}"`;
    const good = 'null';
    const whole = at(`"${canary}"`);
    const duplicate = whole.replace(`"${last}":${bad}`, `"${last}":${good},"${last}":${bad}`);
    const reversed = whole.replace(`"${last}":${bad}`, `"${last}":${bad},"${last}":${good}`);
    for (const json of [duplicate, reversed]) {
      expect(json).not.toBe(whole);
      expect(refusalOf(face, json)).toMatchObject(refused(path));
    }
  });

  it('refuses the last of many, behind long texts, in any chunks', () => {
    const whole = at(`"${canary}"`);
    if (!path.includes('[]')) return;
    const text = `"${'\\\\\\"] }{ '.repeat(2_000)}"`;
    const before = `{"role":"user","type":null,"x":${text}},`.repeat(3);
    const json = within(path, whole, (value) => value.replace('[', () => `[${before}`));
    const elements = refusalOf(face, json.replace(`"${canary}"`, 'null'));
    // Control: the texts before it are not what is refused.
    expect(elements).toBeUndefined();
    for (const cuts of [[], [1, 2, 3], [json.length - 9, json.length - 5], [4096, 8192, 20_000]])
      expect(refusalOf(face, json, cuts)).toMatchObject(refused(path));
  });
});

describe('items of Responses', () => {
  const input = (items: string): string => `{"model":"m","input":${items}}`;
  const refusal = { code: 'org_policy.field_refused', param: 'input' };

  it.each([
    '[{"type":"item_reference","id":"msg_1"}]',
    '[{"id":"msg_1"}]',
    '[{"id":"msg_1","type":null}]',
    '[{"id":"msg_1","role":null}]',
    '[{"role":"user","content":"x"},{"id":"msg_1"}]',
    '[{"id":"msg_1"},{"role":"user","content":"x"}]',
    '[{"content":[{"type":"x","role":"y"}]}]',
    '[{}]',
  ])('that refer to stored ones are refused: %s', (items) => {
    expect(refusalOf(responsesFace, input(items))).toMatchObject(refusal);
    expect(JSON.parse(send(responsesFace, input(items), false))).toEqual(JSON.parse(input(items)));
  });

  it.each([
    '"text"',
    '[]',
    '[{"role":"user","content":"x"}]',
    '[{"type":"message","role":"user","content":[]},{"type":"function_call_output","call_id":"c","output":"x"}]',
    '[{"content":"x","role":"user"},{"output":[{"type":"input_text","text":"x"}],"type":"function_call_output"}]',
  ])('that say what they mean go on: %s', (items) => {
    expect(refusalOf(responsesFace, input(items))).toBeUndefined();
  });
});

describe('tools that the provider runs', () => {
  const openai = `web_search web_search_preview web_search_preview_2025_03_11 web_search_2025_08_26 file_search
    code_interpreter image_generation mcp shell programmatic_tool_calling tool_search computer_use hosted_next`;
  const anthropic = `web_search_20250305 web_search_20260209 web_search_20260318 web_fetch_20250910
    web_fetch_20260209 web_fetch_20260309 web_fetch_20260318 code_execution_20250522 code_execution_20250825
    code_execution_20260120 code_execution_20260521 tool_search_tool_bm25_20251119 tool_search_tool_bm25
    tool_search_tool_regex_20251119 advisor_20260301 mcp_toolset browser_toolset_20260801 bash_20991231`;
  const types = (text: string): string[] => text.split(/\s+/);

  it.each(
    [...facesByPath].flatMap(([path, face]) =>
      'tools' in face.fields
        ? types(face.dialect === 'anthropic' ? anthropic : openai).map((type) => [path, type, face] as const)
        : [],
    ),
  )('%s: %s is refused, beside any other tool', (_path, type, face) => {
    const own = face.dialect === 'anthropic' ? '{"name":"f","input_schema":{}}' : '{"type":"function"}';
    const json = documentOf(face, 'tools', `[${own},{"type":"${type}"},${own}]`);
    expect(refusalOf(face, json)).toMatchObject({ code: 'org_policy.field_refused', param: 'tools' });
    expect(refusalOf(face, documentOf(face, 'tools', `[${own},${own}]`))).toBeUndefined();
  });

  it('are not found in what the model or a schema calls by the same names', () => {
    const schema = '{"type":"object","properties":{"type":{"type":"web_search"},"file_id":{"type":"file"}}}';
    const used = `[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"n","input":{"type":"mcp","source":{"type":"file"},"file_id":"f"}}]}]`;
    const json = `{"model":"m","max_tokens":1,"tools":[{"name":"n","input_schema":${schema}}],"messages":${used}}`;
    expect(refusalOf(messagesFace, json)).toBeUndefined();
  });
});

describe('any document', () => {
  it('is refused exactly when a look at every watched place of the parsed one says so', () => {
    const key = fc.constantFrom('type', 'content', 'source', 'file_id', 'x', 'role');
    const leaf = fc.constantFrom<unknown>(null, 'text', 'file', 'base64', 'tool_use', canary, 7, true);
    const { node } = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 6, depthSize: 'medium' },
        leaf,
        fc.array(tie('node'), { maxLength: 4 }),
        fc.dictionary(key, tie('node'), { maxKeys: 4 }),
      ),
    }));
    const valuesAt = (value: unknown, steps: readonly string[]): unknown[] => {
      const [step, ...rest] = steps;
      if (step === undefined) return [value];
      if (step === '[]') return Array.isArray(value) ? value.flatMap((entry) => valuesAt(entry, rest)) : [];
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
      const object = value as Record<string, unknown>;
      return Object.hasOwn(object, step) ? valuesAt(object[step], rest) : [];
    };
    const breaks = (document: object): boolean =>
      messagesFace.zdr.watched.some(({ path, allowed = [] }) =>
        valuesAt(document, path.match(/\[\]|[a-z_]+/g) ?? []).some(
          (value) => value !== null && !(typeof value === 'string' && allowed.includes(value)),
        ),
      );
    let refusals = 0;
    fc.assert(
      fc.property(
        fc.array(node, { maxLength: 5 }),
        fc.array(node, { maxLength: 5 }),
        fc.array(fc.nat(400), { maxLength: 3 }),
        (messages, tools, cuts) => {
          const document = { model: 'm', max_tokens: 1, messages, tools };
          const isRefused = refusalOf(messagesFace, JSON.stringify(document), cuts) !== undefined;
          expect(isRefused).toBe(breaks(document));
          refusals += isRefused ? 1 : 0;
        },
      ),
      { seed: 29, numRuns: process.env.LETHE_LONG === '1' ? 50_000 : 1_500 },
    );
    expect(refusals).toBeGreaterThan(200);
    expect(refusals).toBeLessThan(1_300 * (process.env.LETHE_LONG === '1' ? 40 : 1));
  });
});
