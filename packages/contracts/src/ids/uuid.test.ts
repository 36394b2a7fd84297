import { describe, expect, it } from '@jest/globals';
import { canonicalJson, encodeAuditEvent } from '../index.js';
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

describe('audit event', () => {
  it('is canonical JSON with CloudEvents and OCSF fields', () => {
    const eventId = newUuidV7();
    const bytes = encodeAuditEvent({
      eventId,
      type: 'zdr.enabled',
      source: 'admin-config',
      timeMs: 1_795_287_600_123,
      orgId: newUuidV7(),
      actor: { kind: 'admin', id: newUuidV7() },
      target: { kind: 'organization', id: newUuidV7() },
      outcome: 'success',
      after: { keys_forced_off: 3 },
    });
    const event = JSON.parse(bytes.toString());
    expect(canonicalJson(event)).toBe(bytes.toString());
    expect(event).toMatchObject({
      specversion: '1.0',
      id: eventId,
      type: 'ai.lethe.audit.zdr.enabled.v1',
      time: '2026-11-21T19:00:00.123Z',
      data: {
        class_uid: 3004,
        activity_id: 8,
        type_uid: 300408,
        status_id: 1,
        unmapped: { after: { keys_forced_off: 3 } },
      },
    });
  });
});
