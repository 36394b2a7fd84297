import { describe, expect, it } from '@jest/globals';
import { LetheError } from '@lethe/service-kit';
import { chatBodyOf } from '../testing/chat-body.js';
import { facesByPath } from './all.js';
import { checkFields } from './check-fields.js';
import { ownFieldNames } from './face.js';
import { chatFace } from './openai/chat.js';

const chatFields = Object.keys(chatFace.fields);
const canary = 'CANARY-7f1f';
const values = {
  string: `"${canary}"`,
  number: '7',
  boolean: 'true',
  object: `{"a":"${canary}"}`,
  array: `["${canary}"]`,
} as const;
const kinds = Object.keys(values) as (keyof typeof values)[];

const refusal = (json: string): LetheError | undefined => {
  try {
    checkFields(chatFace, chatBodyOf(json));
  } catch (error) {
    return error as LetheError;
  }
  return undefined;
};
const bodyWith = (name: string, value: string): string => {
  const fields = new Map([
    ['model', '"m"'],
    ['messages', '[]'],
    [name, value],
  ]);
  return `{${[...fields].map(([key, raw]) => `"${key}":${raw}`).join(',')}}`;
};

describe('fields of a chat request', () => {
  it.each(chatFields)('%s takes the kinds of its rule and no other', (name) => {
    const rule = chatFace.fields[name] as string;
    const taken: readonly string[] = rule === 'any' ? kinds : rule.split('_or_');
    for (const kind of kinds) {
      const thrown = refusal(bodyWith(name, values[kind]));
      if (taken.includes(kind)) expect([kind, thrown]).toEqual([kind, undefined]);
      else {
        expect(thrown).toMatchObject({ code: 'caller.invalid_type', param: name });
        expect(thrown?.message).not.toContain(canary);
      }
    }
  });

  it.each(chatFields)('%s: null is as good as absent, unless it is required', (name) => {
    const thrown = refusal(bodyWith(name, 'null'));
    if (chatFace.required.includes(name))
      expect(thrown).toMatchObject({ code: 'caller.invalid_type', param: name });
    else expect(thrown).toBeUndefined();
  });

  it('names the first required field that is missing', () => {
    expect(refusal('{}')).toMatchObject({ code: 'caller.missing_field', param: 'model' });
    expect(refusal('{"messages":[]}')).toMatchObject({ code: 'caller.missing_field', param: 'model' });
    expect(refusal('{"model":"m"}')).toMatchObject({ code: 'caller.missing_field', param: 'messages' });
  });

  it('passes fields it does not know', () => {
    expect(refusal('{"model":"m","messages":[],"enable_thinking":{},"Stream":3}')).toBeUndefined();
  });

  it.each([...facesByPath])('%s treats each field in one way only, and knows it', (_path, face) => {
    const { refused, refusedWhenTrue, stripped, opaque } = face.zdr;
    const special = [ownFieldNames, refused, refusedWhenTrue, stripped, opaque, face.required].flat();
    expect(new Set(special).size).toBe(special.length);
    expect(Object.keys(face.fields)).toEqual(expect.arrayContaining([...special, ...face.contentFields]));
    if (face.takesStore) expect(face.fields).toHaveProperty('store', 'boolean');
    if (face.asksForUsage) expect(face.fields).toHaveProperty('stream_options', 'object');
    if (face.streams) expect(face.fields).toHaveProperty('stream', 'boolean');
  });

  it('refuses with an error of the house', () => {
    expect(refusal('{}')).toBeInstanceOf(LetheError);
  });
});
