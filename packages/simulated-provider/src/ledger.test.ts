import { describe, expect, it } from '@jest/globals';
import { LEDGER_ENTRIES_MAX, Ledger, noteBody } from './ledger.js';

const ENDPOINT = { keeps: () => false, stateFields: [] };

describe('Ledger', () => {
  it('keeps the newest entries up to its limit', () => {
    const ledger = new Ledger(10);
    for (let request = 0; request < 37; request += 1) ledger.open('chat', {});
    expect(ledger.entries().map(({ sequence }) => sequence)).toEqual([
      28, 29, 30, 31, 32, 33, 34, 35, 36, 37,
    ]);
    expect(LEDGER_ENTRIES_MAX).toBe(10_000);
  });

  it('hands out copies', () => {
    const ledger = new Ledger();
    ledger.open('chat', {});
    const [copy] = ledger.entries();
    if (copy !== undefined) copy.status = 999;
    expect(ledger.entries()[0]?.status).toBe(0);
  });

  it('counts on through a reset', () => {
    const ledger = new Ledger();
    ledger.open('chat', {});
    ledger.clear();
    expect(ledger.open('chat', {}).sequence).toBe(2);
  });

  it('notes names and flags, bounded in number and length', () => {
    const entry = new Ledger().open('chat', { 'x-request-id': 'has spaces, so it is not noted' });
    const many = Object.fromEntries(
      Array.from({ length: 500 }, (_, index) => [`f${index}-${'x'.repeat(200)}`, 1]),
    );
    noteBody(entry, { ...many, store: false, stream_options: { include_usage: true } }, ENDPOINT);
    expect(entry.bodyFields.length).toBe(128);
    expect(Math.max(...entry.bodyFields.map((name) => name.length))).toBe(64);
    expect(entry).toMatchObject({
      store: false,
      streamOptions: { includeUsage: true, includeObfuscation: null },
      requestId: null,
    });
  });
});
