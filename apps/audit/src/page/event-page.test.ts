import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { typeNames } from '../append/event-schema.js';
import { eventPage } from './event-page.js';

describe('docs/audit-events.md', () => {
  const page = eventPage();

  it('is what the list of types says (else: npm run generate -w @lethe/audit)', () => {
    const file = new URL('../../../../docs/audit-events.md', import.meta.url);
    expect(readFileSync(file, 'utf8')).toBe(page);
  });

  it.each(typeNames)('has %s in the table of its group and in that of ECS', (type) => {
    const rows = page.split('\n').filter((line) => line.startsWith(`| \`${type}\` |`));
    expect(rows.filter((line) => /\| (?:3004|3006|3007|6002|6003) \/ \d+ \|/.test(line))).toHaveLength(1);
    expect(rows.filter((line) => /\| (?:event|alert) \|$/.test(line))).toHaveLength(1);
  });

  it('names the settings that hold a name of a caller', () => {
    expect(page).toContain('3 settings get into an event');
    for (const name of ['after.slug of org.created', 'after.key of field.registered'])
      expect(page).toContain(`\`${name}\``);
  });
});
