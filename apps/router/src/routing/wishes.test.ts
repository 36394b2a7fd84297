import { describe, expect, it } from '@jest/globals';
import { type OwnObjects, readWishes } from './wishes.js';

type Sent = Partial<Record<keyof OwnObjects, object | undefined>>;
const read = (sent: Sent, headers: readonly string[] = []) =>
  readWishes({ lethe: undefined, requesty: undefined, provider: undefined, ...sent } as OwnObjects, headers);
const strict = (sent: Sent): boolean => read(sent).telemetryOnly;
const refusal = (sent: Sent): unknown => {
  try {
    strict(sent);
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('a wish for less', () => {
  it('may be spelled in four ways, alone or together', () => {
    for (const sent of [
      { lethe: { zdr: true } },
      { requesty: { zdr: true } },
      { provider: { zdr: true } },
      { provider: { data_collection: 'deny' } },
    ]) {
      expect(strict(sent)).toBe(true);
      const no = { zdr: false, data_collection: 'allow' };
      expect(strict({ lethe: no, requesty: no, provider: no, ...sent })).toBe(true);
      expect(strict({ lethe: {}, requesty: {}, provider: {}, ...sent })).toBe(true);
    }
  });

  it('is absent without one; nothing that is sent asks for more', () => {
    for (const own of [undefined, {}, { zdr: false }, { zdr: null }, { logging: true, debug: true }])
      for (const provider of [
        undefined,
        {},
        { zdr: false, data_collection: null },
        { data_collection: 'allow' },
      ])
        expect(strict({ lethe: own, requesty: own, provider })).toBe(false);
  });

  it('that cannot be read is refused, naming the field and not the value, also beside one that is clear', () => {
    for (const value of ['true', 'CANARY', 1, 0, {}, []]) {
      for (const name of ['lethe', 'requesty', 'provider'] as const) {
        const thrown = refusal({ lethe: { zdr: true }, [name]: { zdr: value } });
        expect(thrown).toMatchObject({ code: 'caller.invalid_type', param: `${name}.zdr` });
        expect(String(thrown)).not.toContain('CANARY');
      }
      const param = 'provider.data_collection';
      const thrown = refusal({ lethe: { zdr: true }, provider: { data_collection: value } });
      expect(thrown).toMatchObject({ code: 'caller.invalid_value', param });
    }
  });
});

describe('what a request says of itself', () => {
  it('is handed on unchecked, as it was sent', () => {
    const own = { tags: ['a'], user_id: 7, trace_id: null, extra: { a: 1 } };
    expect(read({ lethe: own }).caller).toEqual({
      tags: ['a'],
      userId: 7,
      traceId: null,
      extra: { a: 1 },
      headerExtras: [],
    });
  });

  it('may be said under either name of our object; of what is said twice, `lethe` counts', () => {
    const caller = read({ lethe: { tags: ['l'] }, requesty: { tags: ['r'], user_id: 'u' } }).caller;
    expect(caller).toMatchObject({ tags: ['l'], userId: 'u' });
  });

  it('is read from headers of any case, every one of them, in order', () => {
    const headers = [
      ['Host', 'x'],
      ['HTTP-Referer', 'https://a'],
      ['x-title', 'T'],
      ['X-Requesty-Team', 'r'],
      ['X-LETHE-Seat', 's'],
      ['x-lethe-', 'empty'],
      ['x-lethe', 'none'],
      ['authorization', 'Bearer CANARY'],
    ].flat();
    expect(read({}, headers).caller.headerExtras).toEqual([
      ['origin_referer', 'https://a'],
      ['origin_title', 'T'],
      ['team', 'r'],
      ['seat', 's'],
      ['', 'empty'],
    ]);
    // What does not fit into telemetry is dropped where that is counted, not here.
    const many = Array.from({ length: 40 }, (_, n) => [`X-Lethe-${n}`, 'v']).flat();
    expect(read({}, many).caller.headerExtras).toHaveLength(40);
  });
});
