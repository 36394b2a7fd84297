import { strict as assert } from 'node:assert';
import { describe, expect, it } from '@jest/globals';
import { catalogProviders, type ProviderAccepts } from '@lethe/model-catalog';
import type { LetheError } from '@lethe/service-kit';
import fc from 'fast-check';
import { bodyOf, sentText } from '../testing/chat-body.js';
import { facesByPath } from './all.js';
import { countTokensFace } from './anthropic/count-tokens.js';
import { messagesFace } from './anthropic/messages.js';
import { type Face, ownFieldNames } from './face.js';
import { chatFace } from './openai/chat.js';
import { completionsFace } from './openai/completions.js';
import { embeddingsFace } from './openai/embeddings.js';
import { responsesFace } from './openai/responses.js';
import { planEdits } from './request-edits.js';

const takesAll: ProviderAccepts = {
  store: true,
  streamOptions: true,
  unsupportedFields: [],
  streamUsage: 'on_request',
  reasoningTokens: 'in_output',
};
interface Sending {
  readonly zdr: boolean;
  readonly streaming: boolean;
  readonly reasons: boolean;
  readonly accepts: ProviderAccepts;
}
const plain: Sending = { zdr: false, streaming: false, reasons: false, accepts: takesAll };
const zdr = { ...plain, zdr: true };

const send = (face: Face, json: string, sending: Partial<Sending> = {}, cuts: readonly number[] = []) => {
  const body = bodyOf(face, json, cuts);
  const planned = planEdits({ face, body, upstreamModelJson: Buffer.from('"up"'), ...plain, ...sending });
  return { ...planned, text: sentText(body, planned.edits) };
};
const cores = new Map<Face, Record<string, unknown>>([
  [chatFace, { model: 'm', messages: [] }],
  [completionsFace, { model: 'm', prompt: 'p' }],
  [responsesFace, { model: 'm', input: 'i' }],
  [embeddingsFace, { model: 'm', input: 'i' }],
  [messagesFace, { model: 'm', messages: [], max_tokens: 1 }],
  [countTokensFace, { model: 'm', messages: [] }],
]);
const coreOf = (face: Face) => cores.get(face) ?? {};
const sent = (face: Face, fields: object, sending: Partial<Sending> = {}) =>
  JSON.parse(send(face, JSON.stringify({ ...coreOf(face), ...fields }), sending).text) as Record<
    string,
    unknown
  >;
const refusalOf = (face: Face, fields: object): LetheError | undefined => {
  try {
    sent(face, fields, zdr);
  } catch (error) {
    return error as LetheError;
  }
  return undefined;
};
const asked = (face: Face, fields: object) => ({ ...coreOf(face), model: 'up', ...fields });

describe('the name of a user', () => {
  it.each([
    ['chat completions', chatFace],
    ['legacy completions', completionsFace],
    ['responses', responsesFace],
    ['embeddings', embeddingsFace],
  ])('leaves with %s under ZDR only when it is opaque', (_, face) => {
    expect(sent(face, { user: 'Jane Doe' }, zdr).user).toBeUndefined();
    expect(sent(face, { user: 'user-1' }, zdr).user).toBe('user-1');
    expect(sent(face, { user: 'Jane Doe' }).user).toBe('Jane Doe');
  });
});

/** Spellings of values that no watch minds. What is kept must keep its spelling. */
const spellings: Readonly<Record<string, readonly string[]>> = {
  string: ['"u-1"', '"Jane \\u0044oe"', '"é"', '""'],
  number: ['1.0', '-0', '1e2'],
  boolean: ['true', 'false'],
  object: ['{ }', '{ "user_id" : "u-1" }', '{"user_id":"a b"}', '{"include_usage":true, "x":[1]}'],
  array: ['[ ]', '[ "reasoning.encrypted_content" ]', '["x" , 1.0]'],
};
const rawOf = (face: Face, name: string): fc.Arbitrary<string> => {
  const rule = face.fields[name] as string;
  const kinds = rule === 'any' ? Object.keys(spellings) : rule.split('_or_');
  const raws = kinds.flatMap((kind) => spellings[kind] ?? []);
  return fc.constantFrom(...raws, ...(face.required.includes(name) ? [] : ['null']));
};
interface Member {
  readonly name: string;
  readonly raw: string;
}
const membersOf = (face: Face): fc.Arbitrary<Member[]> => {
  const optional = Object.keys(face.fields).filter((name) => !face.required.includes(name));
  const member = (name: string) => fc.record({ name: fc.constant(name), raw: rawOf(face, name) });
  return fc
    .tuple(
      fc.tuple(...face.required.map(member)),
      fc.uniqueArray(fc.constantFrom(...optional, 'unknown_a', 'Model'), { maxLength: 12 }),
    )
    .chain(([required, names]) => {
      const others = names.map((name) =>
        name in face.fields ? member(name) : fc.constant({ name, raw: '{"a":1}' }),
      );
      return fc.tuple(...others).chain((list) => {
        const all = [...required, ...list];
        return fc.shuffledSubarray(all, { minLength: all.length });
      });
    });
};
const anyAccepts: fc.Arbitrary<ProviderAccepts> = fc.constantFrom(
  takesAll,
  ...catalogProviders.map(({ accepts }) => accepts),
);

const isOpaque = (raw: string): boolean => /^"[A-Za-z0-9._:-]{1,64}"$/.test(raw);
const opaqueObject = (raw: string): boolean => {
  const object = JSON.parse(raw) ?? {};
  return Object.entries(object).every(([key, value]) => key === 'user_id' && value === 'u-1');
};
const refusedBy = (face: Face, list: readonly Member[]): boolean =>
  list.some(
    ({ name, raw }) =>
      !(name in face.fields) ||
      (face.zdr.refused.includes(name) && raw !== 'null') ||
      (face.zdr.refusedWhenTrue.includes(name) && raw === 'true'),
  );

/** The rules once more, over parsed members instead of bytes. */
const expected = (face: Face, list: readonly Member[], sending: Sending): Record<string, string> => {
  const { accepts } = sending;
  const unsupported = (name: string): boolean => accepts.unsupportedFields.includes(name);
  const strips = ({ name, raw }: Member): boolean =>
    sending.zdr &&
    (face.zdr.stripped.includes(name) ||
      (face.zdr.opaque.includes(name) && !isOpaque(raw)) ||
      (face.zdr.opaqueMembers.some(({ field }) => field === name) && !opaqueObject(raw)));
  const result = new Map<string, string>();
  for (const { name, raw } of list) {
    if (ownFieldNames.includes(name) || strips({ name, raw })) continue;
    if (unsupported(name) && !(name === 'store' && face.store === 'always')) continue;
    if (name === 'stream_options' && face.asksForUsage && !accepts.streamOptions) continue;
    if (name === 'store' && sending.zdr && face.store === 'where_taken') continue;
    result.set(name, name === 'model' ? '"up"' : raw);
  }
  const takesStore = accepts.store && !unsupported('store');
  if (sending.zdr && (face.store === 'always' || (face.store === 'where_taken' && takesStore)))
    result.set('store', 'false');
  if (sending.zdr)
    for (const [name, value] of Object.entries(accepts.forcedUnderZdr ?? {})) result.set(name, value);
  const asksUsage = accepts.streamOptions && accepts.streamUsage === 'on_request';
  if (sending.streaming && face.asksForUsage && asksUsage && !unsupported('stream_options')) {
    const options = JSON.parse(result.get('stream_options') ?? 'null');
    if (options?.include_usage !== true)
      result.set('stream_options', JSON.stringify({ ...options, include_usage: true }));
  }
  const thinks = sending.reasons || /^\{/.test(result.get('reasoning') ?? '');
  if (face === responsesFace && sending.zdr && thinks) {
    const include = result.get('include') ?? 'null';
    const wanted = '"reasoning.encrypted_content"';
    if (include === 'null') result.set('include', `[${wanted}]`);
    else if (!include.includes(wanted))
      result.set('include', include === '[ ]' ? `[${wanted} ]` : `[${wanted},${include.slice(1)}`);
  }
  return Object.fromEntries([...result].sort());
};

/** The members of a sent body as they are spelled. */
const spelled = (face: Face, text: string): Record<string, string> => {
  const { scan } = bodyOf(face, text);
  const bytes = Buffer.from(text);
  const entries = scan.fields.map(({ keyStart, valueStart, valueEnd }) => {
    const key = /^"[^"]*"/.exec(bytes.toString('utf8', keyStart, valueStart))?.[0] ?? '';
    return [JSON.parse(key) as string, bytes.toString('utf8', valueStart, valueEnd)] as const;
  });
  return Object.fromEntries([...entries].sort());
};

describe.each([...facesByPath])('what leaves of a request to %s', (_path, face) => {
  it('is exactly what its rules say, spelled as it was sent, for any provider and chunks', () => {
    let refusals = 0;
    fc.assert(
      fc.property(
        membersOf(face),
        fc.record({
          zdr: fc.boolean(),
          streaming: fc.boolean(),
          reasons: fc.boolean(),
          accepts: anyAccepts,
        }),
        fc.constantFrom('', ' ', '\r\n\t'),
        fc.array(fc.nat(200), { maxLength: 4 }),
        (list, sending, gap, cuts) => {
          const members = list.map(({ name, raw }) => `"${name}"${gap}:${gap}${raw}`);
          const json = `${gap}{${gap}${members.join(`${gap},${gap}`)}${gap}}${gap}`;
          if (sending.zdr && refusedBy(face, list)) {
            refusals += 1;
            assert.throws(() => send(face, json, sending, cuts), { code: 'org_policy.field_refused' });
            return;
          }
          const { text } = send(face, json, sending, cuts);
          JSON.parse(text);
          assert.deepEqual(spelled(face, text), expected(face, list, sending));
        },
      ),
      { seed: 23, numRuns: process.env.LETHE_LONG === '1' ? 20_000 : 600 },
    );
    expect(refusals).toBeGreaterThan(20);
  });

  it('without ZDR holds every field of its own, known or not', () => {
    for (const name of [...Object.keys(face.fields), 'unknown_a']) {
      if (ownFieldNames.includes(name) || name in coreOf(face)) continue;
      expect(sent(face, { [name]: null })).toEqual(asked(face, { [name]: null }));
    }
  });

  it('under ZDR holds nothing that is not known, and names none of it', () => {
    for (const name of ['plugins', 'search_parameters', 'file_ids', 'betas', 'Store', 'CANARY'])
      expect(refusalOf(face, { [name]: 1 })).toMatchObject({
        code: 'org_policy.field_refused',
        param: null,
      });
  });
});

describe('responses under ZDR', () => {
  it('are never stored, at any provider, whatever was asked', () => {
    for (const { id, accepts } of catalogProviders)
      for (const store of [{}, { store: true }, { store: false }, { store: null }])
        expect([id, sent(responsesFace, store, { ...zdr, accepts }).store]).toEqual([id, false]);
    // Without it the caller's own no still goes on, where the field counts as unsupported for chat.
    for (const { accepts } of catalogProviders)
      expect(sent(responsesFace, { store: false }, { accepts }).store).toBe(false);
  });

  it.each([
    ['background', true],
    ['previous_response_id', 'resp_1'],
    ['conversation', 'conv_1'],
    ['conversation', { id: 'conv_1' }],
    ['prompt', { id: 'pmpt_1' }],
    ['models', ['a']],
  ])('refuse %s: %j', (name, value) => {
    expect(refusalOf(responsesFace, { [name]: value })).toMatchObject({
      code: 'org_policy.field_refused',
      param: name,
    });
    expect(refusalOf(responsesFace, { [name]: null })).toBeUndefined();
    expect(sent(responsesFace, { [name]: value })).toEqual(asked(responsesFace, { [name]: value }));
  });

  it('may run in the foreground', () => {
    expect(sent(responsesFace, { background: false }, zdr).background).toBe(false);
  });

  it('lose what the provider would keep', () => {
    const fields = {
      metadata: { a: 'b' },
      client_metadata: { a: 'b' },
      prompt_cache_retention: '24h',
      prompt_cache_options: { ttl: '30m' },
      moderation: {},
      user: 'Jane Doe',
      prompt_cache_key: '0199-session',
    };
    const json = JSON.stringify({ ...coreOf(responsesFace), ...fields });
    const { text, stripped } = send(responsesFace, json, zdr);
    expect(JSON.parse(text)).toEqual(
      asked(responsesFace, { prompt_cache_key: '0199-session', store: false }),
    );
    expect([...stripped].sort()).toEqual(Object.keys(fields).slice(0, 6).sort());
    expect(JSON.parse(send(responsesFace, json).text)).toEqual(asked(responsesFace, fields));
  });

  it('carry the chain of thought along when there is one, next to what was asked for', () => {
    const encrypted = 'reasoning.encrypted_content';
    const included = (fields: object, reasons: boolean) =>
      sent(responsesFace, fields, { ...zdr, reasons }).include;
    expect(included({}, true)).toEqual([encrypted]);
    expect(included({ include: null }, true)).toEqual([encrypted]);
    expect(included({ include: [] }, true)).toEqual([encrypted]);
    expect(included({ include: ['a'] }, true)).toEqual([encrypted, 'a']);
    expect(included({ include: ['a', encrypted] }, true)).toEqual(['a', encrypted]);
    expect(included({ reasoning: { effort: 'low' } }, false)).toEqual([encrypted]);
    expect(included({ reasoning: null }, false)).toBeUndefined();
    expect(included({ include: ['a'] }, false)).toEqual(['a']);
    expect(sent(responsesFace, {}, { reasons: true }).include).toBeUndefined();
    expect(() => included({ include: ['x'.repeat(5_000)] }, true)).toThrow(
      expect.objectContaining({ code: 'caller.invalid_value', param: 'include' }),
    );
  });

  it('of Codex go through with nothing of it lost', () => {
    const codex = {
      instructions: 'You are Codex',
      input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hi' }] }],
      tools: [{ type: 'function', name: 'shell' }, { type: 'custom', name: 'p' }, { type: 'local_shell' }],
      tool_choice: 'auto',
      parallel_tool_calls: false,
      reasoning: { effort: 'medium', summary: 'auto' },
      store: false,
      stream: true,
      include: ['reasoning.encrypted_content'],
      prompt_cache_key: '019a0000-0000-7000-8000-000000000000',
      text: { verbosity: 'low' },
    };
    expect(sent(responsesFace, codex, { ...zdr, streaming: true })).toEqual(asked(responsesFace, codex));
  });
});

describe('messages under ZDR', () => {
  it.each([
    ['container', 'container_1'],
    ['container', { id: 'c', skills: [] }],
    ['mcp_servers', [{ type: 'url', url: 'https://x' }]],
    ['diagnostics', { previous_message_id: 'msg_1' }],
    ['user_profile_id', 'p'],
    ['workspace_id', 'w'],
    ['fallbacks', 'default'],
    ['fallbacks', [{ model: 'x' }]],
    ['fallback_credit_token', 't'],
    ['thread', { id: 't' }],
    ['compaction', { type: 'summarize' }],
    ['billing_policy', { type: 'billing_policy' }],
  ])('refuse %s: %j', (name, value) => {
    expect(refusalOf(messagesFace, { [name]: value })).toMatchObject({
      code: 'org_policy.field_refused',
      param: name,
    });
    expect(refusalOf(messagesFace, { [name]: null })).toBeUndefined();
    expect(sent(messagesFace, { [name]: value })).toEqual(asked(messagesFace, { [name]: value }));
    if (name in countTokensFace.fields)
      expect(refusalOf(countTokensFace, { [name]: value })).toMatchObject({ param: name });
  });

  it('keep metadata only when it is an opaque user id and nothing else', () => {
    for (const metadata of [{ user_id: 'user_1.2:3-4' }, { user_id: null }, {}])
      expect(sent(messagesFace, { metadata }, zdr)).toEqual(asked(messagesFace, { metadata }));
    for (const metadata of [
      { user_id: 'jane@example.org' },
      { user_id: 'x'.repeat(65) },
      { user_id: { a: 1 } },
      { user_id: 'u', more: 'CANARY' },
      { other: 'u' },
    ]) {
      const json = JSON.stringify({ ...coreOf(messagesFace), metadata });
      const { text, stripped } = send(messagesFace, json, zdr);
      expect([JSON.parse(text), stripped]).toEqual([asked(messagesFace, {}), ['metadata']]);
      expect(JSON.parse(send(messagesFace, json).text)).toEqual(asked(messagesFace, { metadata }));
    }
    expect(refusalOf(messagesFace, { metadata: { a: 'x'.repeat(9_000) } })).toMatchObject({
      code: 'caller.invalid_type',
      param: 'metadata',
    });
  });

  it('of Claude Code go through with nothing of it lost but who its user is', () => {
    const request = {
      max_tokens: 32_000,
      system: [{ type: 'text', text: 'You are Claude Code', cache_control: { type: 'ephemeral' } }],
      messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
      tools: [{ name: 'Bash', description: 'runs', input_schema: { type: 'object' } }],
      thinking: { type: 'enabled', budget_tokens: 1024 },
      context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
      output_config: { effort: 'high' },
      temperature: 1,
      stream: true,
    };
    const metadata = { user_id: `user_${'a'.repeat(64)}_account__session_1` };
    expect(sent(messagesFace, { ...request, metadata }, { ...zdr, streaming: true })).toEqual(
      asked(messagesFace, request),
    );
  });
});

describe('a gateway as the provider', () => {
  const openrouter = catalogProviders.find(({ id }) => id === 'openrouter')?.accepts as ProviderAccepts;
  const strict = { zdr: true, data_collection: 'deny' };

  it('is told under ZDR to choose nobody who keeps anything, whatever the caller said', () => {
    for (const provider of [{}, { provider: { only: ['x'] } }, { provider: { data_collection: 'allow' } }])
      expect(sent(chatFace, provider, { ...zdr, accepts: openrouter })).toEqual(
        asked(chatFace, { provider: strict }),
      );
    expect(sent(chatFace, { provider: strict }, { accepts: openrouter })).toEqual(asked(chatFace, {}));
    // Control: another provider is told nothing of the kind.
    expect(sent(chatFace, { provider: strict }, zdr)).toEqual(asked(chatFace, { store: false }));
  });
});
