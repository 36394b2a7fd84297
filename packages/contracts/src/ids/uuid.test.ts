import { describe, expect, it } from '@jest/globals';
import { isUuid, newUuidV7, uuidBytes, uuidText, uuidV7TimeMs } from './uuid.js';

describe('uuid', () => {
  it('makes version 7 ids that sort by time and carry it', () => {
    const [early, late] = [newUuidV7(1_700_000_000_000), newUuidV7(1_700_000_000_001)];
    expect(early < late).toBe(true);
    expect(uuidV7TimeMs(late)).toBe(1_700_000_000_001);
    expect(late).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(Array.from({ length: 10_000 }, () => newUuidV7())).size).toBe(10_000);
  });

  it('converts both ways and refuses other lengths', () => {
    const id = newUuidV7();
    expect(uuidText(uuidBytes(id))).toBe(id);
    expect(isUuid(id)).toBe(true);
    expect(uuidText(Buffer.alloc(15))).toBeUndefined();
    expect(isUuid('hello')).toBe(false);
  });
});
