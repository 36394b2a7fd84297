import { strict as assert } from 'node:assert';
import { describe, expect, it } from '@jest/globals';
import type { ProviderAccepts } from '@lethe/model-catalog';
import { catalogProviders } from '@lethe/model-catalog';
import type { LetheError } from '@lethe/service-kit';
import fc from 'fast-check';
import { chatBodyOf, sentText } from '../testing/chat-body.js';
import { chatFace } from './openai/chat.js';
import { planEdits } from './request-edits.js';

const openai: ProviderAccepts = {
  store: true,
  streamOptions: true,
  unsupportedFields: [],
  streamUsage: 'on_request',
  reasoningTokens: 'in_output',
};

const chatFields = Object.keys(chatFace.fields);

interface Sending {
  readonly zdr?: boolean;
  readonly streaming?: boolean;
  readonly accepts?: Partial<ProviderAccepts>;
  readonly cuts?: readonly number[];
}

const send = (json: string, { zdr = false, streaming = false, accepts = {}, cuts = [] }: Sending = {}) => {
  const body = chatBodyOf(json, cuts);
  const planned = planEdits({
    face: chatFace,
    body,
    upstreamModelJson: Buffer.from(JSON.stringify('up "model"')),
    streaming,
    zdr,
    reasons: false,
    accepts: { ...openai, ...accepts },
  });
  return { ...planned, text: sentText(body, planned.edits) };
};
const sent = (fields: object, sending: Sending = {}): unknown => {
  const json = JSON.stringify({ model: 'm', messages: [], ...fields });
  return JSON.parse(send(json, sending).text);
};
const core = { model: 'up "model"', messages: [] };
const refusalOf = (fields: object): LetheError | undefined => {
  try {
    sent(fields, { zdr: true });
  } catch (error) {
    return error as LetheError;
  }
  return undefined;
};

/** One member of a request as it is spelled: the spelling of what is kept must survive. */
interface Member {
  readonly name: string;
  readonly raw: string;
}
const space = fc.constantFrom('', ' ', '\n\t', '\r\n');
const plain = fc.constantFrom(
  '1.0',
  '-0',
  '1e2',
  '"\\u0061 \\"b\\""',
  '"é"',
  '[ 1 , {"model":"x"} ]',
  '{}',
  'true',
);
const rawOf = (name: string): fc.Arbitrary<string> => {
  switch (name) {
    case 'stream_options':
      return fc.constantFrom(
        'null',
        '{}',
        '{"include_usage":false,"a":[1]}',
        '{ "include_usage" : true }',
        '{"b":0}',
      );
    case 'user':
    case 'safety_identifier':
    case 'prompt_cache_key':
      return fc.constantFrom('"u-1"', '"Jane Doe"', '""', 'null', `"${'x'.repeat(65)}"`, '"a\\u0062"');
    case 'store':
      return fc.constantFrom('true', 'false', 'null');
    default:
      return plain;
  }
};
const others = chatFields.filter((name) => !['model', 'messages', ...chatFace.zdr.refused].includes(name));
const member = fc
  .constantFrom(...others, 'top_a', 'x', 'Model')
  .chain((name) => fc.record({ name: fc.constant(name), raw: rawOf(name) }));
const members: fc.Arbitrary<Member[]> = fc
  .uniqueArray(member, { selector: ({ name }) => name, maxLength: 10 })
  .chain((list) =>
    fc.shuffledSubarray(
      [{ name: 'model', raw: '"m"' }, { name: 'messages', raw: '[{"content":"\\u00e9 {}"}]' }, ...list],
      {
        minLength: list.length + 2,
      },
    ),
  );
const anyAccepts: fc.Arbitrary<ProviderAccepts> = fc.record({
  store: fc.boolean(),
  streamOptions: fc.boolean(),
  unsupportedFields: fc.subarray([
    'store',
    'stream_options',
    'metadata',
    'user',
    'temperature',
    'logprobs',
    'nothing',
  ]),
  streamUsage: fc.constantFrom('on_request', 'always', 'always_x_groq'),
  reasoningTokens: fc.constant('in_output'),
});

/** The rules once more, over parsed members instead of bytes. */
const expected = (list: readonly Member[], { zdr, streaming, accepts }: Required<Omit<Sending, 'cuts'>>) => {
  const takes = (name: string): boolean => accepts.unsupportedFields?.includes(name) !== true;
  const opaque = /^"[A-Za-z0-9._:-]{1,64}"$/;
  const result = new Map<string, string>();
  for (const { name, raw } of list) {
    if (name === 'lethe' || name === 'requesty' || name === 'provider' || !takes(name)) continue;
    if (name === 'store' && zdr) continue;
    if (name === 'stream_options' && accepts.streamOptions !== true) continue;
    if (zdr && /^(?:metadata|prompt_cache_retention|prompt_cache_options|moderation)$/.test(name)) continue;
    if (zdr && /^(?:user|safety_identifier|prompt_cache_key)$/.test(name) && !opaque.test(raw)) continue;
    result.set(name, name === 'model' ? '"up \\"model\\""' : raw);
  }
  if (zdr && accepts.store && takes('store')) result.set('store', 'false');
  const asks =
    streaming && accepts.streamOptions && takes('stream_options') && accepts.streamUsage === 'on_request';
  const options = JSON.parse(result.get('stream_options') ?? 'null');
  const added = asks && options?.include_usage !== true;
  if (added) result.set('stream_options', JSON.stringify({ ...options, include_usage: true }));
  return { fields: Object.fromEntries([...result].sort()), added };
};

/** The members of a sent body as they are spelled. */
const spelled = (text: string): Record<string, string> => {
  const { scan } = chatBodyOf(text);
  const bytes = Buffer.from(text);
  const entries = scan.fields.map(({ keyStart, valueStart, valueEnd }) => {
    const key = /^"[^"]*"/.exec(bytes.toString('utf8', keyStart, valueStart))?.[0] ?? '';
    return [JSON.parse(key) as string, bytes.toString('utf8', valueStart, valueEnd)] as const;
  });
  return Object.fromEntries([...entries].sort());
};

describe('request edits', () => {
  it('leave exactly the expected members, spelled as they were, for any request, provider and chunks', () => {
    fc.assert(
      fc.property(
        members,
        space,
        fc.record({ zdr: fc.boolean(), streaming: fc.boolean(), accepts: anyAccepts }),
        fc.array(fc.nat(200), { maxLength: 4 }),
        (list, gap, sending, cuts) => {
          const known = sending.zdr
            ? list.filter(({ name }) => !['top_a', 'x', 'Model'].includes(name))
            : list;
          const json = `${gap}{${gap}${known.map(({ name, raw }) => `"${name}"${gap}:${gap}${raw}`).join(`${gap},${gap}`)}${gap}}${gap}`;
          const { text, removeUsageEvent } = send(json, { ...sending, cuts });
          JSON.parse(text);
          const { fields, added } = expected(known, sending);
          assert.deepEqual(spelled(text), fields);
          assert.equal(removeUsageEvent, added);
        },
      ),
      { seed: 11, numRuns: 1_500 },
    );
  });

  it('never overlap, whatever stands next to one another at either end', () => {
    const leaving = ['"lethe":{}', '"provider":{}', '"store":true', '"metadata":{}', '"user":"Jane Doe"'];
    for (let bits = 0; bits < 2 ** leaving.length; bits++) {
      const some = leaving.filter((_, index) => (bits >> index) & 1);
      for (const at of [0, 1, 2]) {
        const kept = ['"model":"m"', '"messages":[]'];
        kept.splice(at, 0, ...some);
        const { text } = send(`{${kept.join(',')}}`, {
          zdr: true,
          streaming: true,
          accepts: { store: false },
        });
        expect(JSON.parse(text)).toEqual({ ...core, stream_options: { include_usage: true } });
      }
    }
  });

  it('do not change what the caller sent: the same body serves the next attempt', () => {
    const body = chatBodyOf('{"lethe":{},"model":"m","messages":[],"store":true}');
    const at = (accepts: ProviderAccepts): unknown => {
      const { edits } = planEdits({
        face: chatFace,
        body,
        upstreamModelJson: Buffer.from('"n"'),
        streaming: false,
        zdr: true,
        reasons: false,
        accepts,
      });
      return JSON.parse(sentText(body, edits));
    };
    const first = { model: 'n', messages: [], store: false };
    expect(at(openai)).toEqual(first);
    expect(at({ ...openai, store: false })).toEqual({ model: 'n', messages: [] });
    expect(at(openai)).toEqual(first);
  });

  it('suit every provider of the catalogue', () => {
    const fields = { store: true, stream: true, user: 'u', metadata: {}, lethe: { tags: [] } };
    for (const { id, accepts } of catalogProviders) {
      const result = sent(fields, { zdr: true, streaming: true, accepts }) as Record<string, unknown>;
      expect([id, result.store]).toEqual([id, accepts.store ? false : undefined]);
      expect(Object.keys(result).filter((name) => accepts.unsupportedFields.includes(name))).toEqual([]);
      // A name that the scanner does not know could not be taken out.
      expect(chatFields).toEqual(expect.arrayContaining([...accepts.unsupportedFields]));
    }
  });
});

describe('under ZDR', () => {
  it('store is forced false where the provider takes it, and gone where it does not', () => {
    for (const store of [{}, { store: true }, { store: false }, { store: null }]) {
      expect(sent(store, { zdr: true })).toEqual({ ...core, store: false });
      expect(sent(store, { zdr: true, accepts: { store: false } })).toEqual(core);
      expect(sent(store)).toEqual({ ...core, ...store });
    }
  });

  it.each([
    'background',
    'previous_response_id',
    'conversation',
    'prompt',
    'plugins',
    'search_parameters',
    'Store',
  ])('refuses %s, which it does not know, without naming it; passes it otherwise', (name) => {
    expect(refusalOf({ [name]: true })).toMatchObject({ code: 'org_policy.field_refused', param: null });
    expect(sent({ [name]: true })).toEqual({ ...core, [name]: true });
  });

  it.each([
    ['web_search_options', {}],
    ['models', ['a']],
  ])('refuses %s and names it; null is no use of it', (name, value) => {
    expect(refusalOf({ [name]: value })).toMatchObject({ code: 'org_policy.field_refused', param: name });
    expect(refusalOf({ [name]: null })).toBeUndefined();
    expect(sent({ [name]: value })).toEqual({ ...core, [name]: value });
  });

  it('takes out what the provider would keep, and says so', () => {
    const fields = {
      metadata: { a: 'b' },
      prompt_cache_retention: '24h',
      prompt_cache_options: { ttl: 'x' },
      moderation: {},
      temperature: 1,
    };
    const json = JSON.stringify({ ...fields, model: 'm', messages: [] });
    const { text, stripped } = send(json, { zdr: true });
    expect(JSON.parse(text)).toEqual({ ...core, temperature: 1, store: false });
    expect([...stripped].sort()).toEqual(Object.keys(fields).slice(0, 4).sort());
    expect(send(json)).toMatchObject({ stripped: [] });
    expect(sent(fields)).toEqual({ ...core, ...fields });
  });

  it.each(['user', 'safety_identifier', 'prompt_cache_key'])('keeps %s only when it is opaque', (name) => {
    expect(sent({ [name]: 'u_1.2:3-4' }, { zdr: true })).toEqual({
      ...core,
      [name]: 'u_1.2:3-4',
      store: false,
    });
    for (const value of ['jane@example.org', 'Jane Doe', 'x'.repeat(65), 'é', '', null]) {
      const json = JSON.stringify({ model: 'm', messages: [], [name]: value });
      const { text, stripped } = send(json, { zdr: true });
      expect([JSON.parse(text), stripped]).toEqual([{ ...core, store: false }, [name]]);
      expect(JSON.parse(send(json).text)).toEqual({ ...core, [name]: value });
    }
  });
});

describe('usage in a stream', () => {
  const streaming = { streaming: true };
  const asked = { ...core, stream_options: { include_usage: true } };

  it.each([
    ['is absent', {}, asked],
    ['is null', { stream_options: null }, asked],
    ['is empty', { stream_options: {} }, asked],
    ['says no', { stream_options: { include_usage: false } }, asked],
    ['says null', { stream_options: { include_usage: null } }, asked],
    [
      'has other members',
      { stream_options: { include_obfuscation: false, x: { y: [1] } } },
      { ...core, stream_options: { include_obfuscation: false, x: { y: [1] }, include_usage: true } },
    ],
  ])('is asked for when stream_options %s, and taken out again', (_how, fields, result) => {
    expect(sent(fields, streaming)).toEqual(result);
    expect(send(JSON.stringify({ ...core, ...fields }), streaming).removeUsageEvent).toBe(true);
  });

  it('the caller asked for stays as it was asked for', () => {
    const json = '{"model":"m","messages":[],"stream_options":{ "include_usage" : true }}';
    const { text, removeUsageEvent } = send(json, streaming);
    expect(text).toBe('{"model":"up \\"model\\"","messages":[],"stream_options":{ "include_usage" : true }}');
    expect(removeUsageEvent).toBe(false);
  });

  it('is not asked of a provider that does not take the field or sends usage anyway', () => {
    const fields = { stream_options: { include_usage: true, other: 1 } };
    expect(sent(fields, { ...streaming, accepts: { streamOptions: false } })).toEqual(core);
    for (const streamUsage of ['always', 'always_x_groq'] as const) {
      expect(sent({}, { ...streaming, accepts: { streamUsage } })).toEqual(core);
      expect(sent(fields, { ...streaming, accepts: { streamUsage } })).toEqual({ ...core, ...fields });
    }
  });

  it('is not asked for outside a stream', () => {
    expect(sent({ stream_options: { other: 1 } })).toEqual({ ...core, stream_options: { other: 1 } });
  });

  it('refuses stream_options that cannot be read, naming the field', () => {
    const ambiguous =
      '{"model":"m","messages":[],"stream_options":{"include_usage":true,"include_usage":false}}';
    expect(() => send(ambiguous, streaming)).toThrow(
      expect.objectContaining({ code: 'caller.duplicate_field', param: 'stream_options' }),
    );
  });
});
