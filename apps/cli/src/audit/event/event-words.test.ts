import { describe, expect, it } from '@jest/globals';
import { auditEventTypes, newUuidV7 } from '@lethe/contracts';
import { entryAt, orgId } from '../testing/small-log.contract.js';
import { type AuditEvent, readAuditEvent } from './audit-event.js';
import { eventBlock, eventLine, eventSentence, hasWords, settingWords } from './event-words.js';

const keyId = newUuidV7();
const read = (over: Parameters<typeof entryAt>[1]): AuditEvent =>
  readAuditEvent(entryAt(1, over)) as AuditEvent;

describe('an event in words', () => {
  it.each(Object.keys(auditEventTypes))('%s has some', (type) => {
    expect(hasWords(type)).toBe(true);
  });

  it('says who was refused what, and why', () => {
    const refused = read({
      type: 'change.refused',
      attempted: 'logging.enabled',
      actor: { kind: 'member', id: orgId },
      target: { kind: 'api_key', id: keyId },
      outcome: 'refused',
      refusal: 'org_policy.zdr_irrevocable',
    });
    expect(eventSentence(refused)).toBe(
      `a member (user ${orgId}) was refused (org_policy.zdr_irrevocable): switched logging of content on for API key ${keyId}`,
    );
    expect(eventLine(4, refused)).toMatch(/^ {5}4 {2}2026-.* refused$/);
  });

  it('does not say that accounting was refused when it was accounting that refused', () => {
    const tripwire = read({
      type: 'tripwire.raised',
      source: 'accounting',
      actor: { kind: 'service', id: 'accounting' },
      target: { kind: 'organization', id: orgId },
      outcome: 'refused',
      refusal: 'org_sealed',
      after: { records: 3 },
    });
    expect(eventSentence(tripwire)).toBe(
      `a service (accounting) raised the alarm because content came that must not exist, for organization ${orgId} (org_sealed)`,
    );
    expect(settingWords(tripwire)).toEqual(['records: 3']);
  });

  it('of a type that came later is told by its name', () => {
    const event = { ...read({}), type: 'ai.lethe.audit.moon.landed.v1' };
    expect(eventSentence(event)).toContain('did "moon.landed" to API key');
  });

  it('has a setting that was taken away', () => {
    const event = read({});
    const unmapped = { before: { debug: true }, after: {} };
    expect(settingWords({ ...event, data: { ...event.data, unmapped } })).toEqual(['debug: was true']);
  });

  it('lets nothing through that moves the cursor', () => {
    const event = { ...read({}), subject: 'api_key/\u001b[2J', id: 'a\nb\u202e' };
    for (const text of [eventSentence(event), eventLine(1, event), eventBlock(1, event).replaceAll('\n', '')])
      expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  it('is nothing when the bytes are none', () => {
    for (const text of ['', '{}', '[1]', 'canary']) expect(readAuditEvent(Buffer.from(text))).toBeUndefined();
  });
});
