import { describe, expect, it } from '@jest/globals';
import { LetheError } from '@lethe/service-kit';
import { bodyOf } from '../testing/chat-body.js';
import { facesByPath } from './all.js';
import { checkFields } from './check-fields.js';
import { type Face, ownFieldNames } from './face.js';
import { chatFace } from './openai/chat.js';

const canary = 'CANARY-7f1f';
const values = {
  string: `"${canary}"`,
  number: '7',
  boolean: 'true',
  object: `{"a":"${canary}"}`,
  array: `["${canary}"]`,
} as const;
type Kind = keyof typeof values;
const kinds = Object.keys(values) as Kind[];

const refusal = (face: Face, json: string): LetheError | undefined => {
  try {
    checkFields(face, bodyOf(face, json));
  } catch (error) {
    return error as LetheError;
  }
  return undefined;
};
const takenBy = (face: Face, name: string): readonly string[] => {
  const rule = face.fields[name] as string;
  return rule === 'any' ? kinds : rule.split('_or_');
};
const bodyWith = (face: Face, name: string, value: string): string => {
  const fields = new Map(
    face.required.map((field) => [field, values[takenBy(face, field)[0] as Kind] as string]),
  );
  fields.set(name, value);
  return `{${[...fields].map(([key, raw]) => `"${key}":${raw}`).join(',')}}`;
};

describe.each([...facesByPath])('fields of a request to %s', (_path, face) => {
  it.each(Object.keys(face.fields))('%s takes the kinds of its rule and no other', (name) => {
    for (const kind of kinds) {
      const thrown = refusal(face, bodyWith(face, name, values[kind]));
      if (takenBy(face, name).includes(kind)) expect([kind, thrown]).toEqual([kind, undefined]);
      else {
        expect(thrown).toMatchObject({ code: 'caller.invalid_type', param: name });
        expect(thrown?.message).not.toContain(canary);
      }
    }
  });

  it('null is as good as absent, unless the field is required', () => {
    for (const name of Object.keys(face.fields)) {
      const thrown = refusal(face, bodyWith(face, name, 'null'));
      if (face.required.includes(name))
        expect(thrown).toMatchObject({ code: 'caller.invalid_type', param: name });
      else expect([name, thrown]).toEqual([name, undefined]);
    }
  });

  it('are treated in one way only under ZDR, and are known', () => {
    const { refused, refusedWhenTrue, stripped, opaque, opaqueMembers } = face.zdr;
    const objects = opaqueMembers.map(({ field }) => field);
    const special = [
      ownFieldNames,
      refused,
      refusedWhenTrue,
      stripped,
      opaque,
      objects,
      face.required,
    ].flat();
    expect(new Set(special).size).toBe(special.length);
    expect(Object.keys(face.fields)).toEqual(expect.arrayContaining([...special, ...face.contentFields]));
    for (const field of objects) expect(face.fields[field]).toBe('object');
    for (const field of opaque) expect(face.fields[field]).toBe('string');
    if (face.store !== 'none') expect(face.fields).toHaveProperty('store', 'boolean');
    if (face.asksForUsage) expect(face.fields).toHaveProperty('stream_options', 'object');
    if (face.streams) expect(face.fields).toHaveProperty('stream', 'boolean');
  });

  it('that are watched below the top level are known and may be watched', () => {
    for (const { path } of face.zdr.watched) {
      const field = /^[a-z_]+/.exec(path)?.[0] as string;
      expect(Object.keys(face.fields)).toContain(field);
      expect(face.zdr.refused).not.toContain(field);
      expect(path).toMatch(/^[a-z_]+(\[\])?(\.[a-z_]+(\[\])?)*$/);
    }
    expect(new Set(face.zdr.watched.map(({ path }) => path)).size).toBe(face.zdr.watched.length);
  });
});

describe('fields of a request', () => {
  it('are named when they are missing, the first required one first', () => {
    expect(refusal(chatFace, '{}')).toMatchObject({ code: 'caller.missing_field', param: 'model' });
    expect(refusal(chatFace, '{"messages":[]}')).toMatchObject({ param: 'model' });
    expect(refusal(chatFace, '{"model":"m"}')).toMatchObject({ param: 'messages' });
  });

  it('pass when they are not known', () => {
    const unknown = '{"model":"m","messages":[],"enable_thinking":{},"Stream":3}';
    expect(refusal(chatFace, unknown)).toBeUndefined();
  });

  it('are refused with an error of the house', () => {
    expect(refusal(chatFace, '{}')).toBeInstanceOf(LetheError);
  });
});
