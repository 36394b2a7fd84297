import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { findPromtool, type Promtool } from '@lethe/test-servers';

jest.setTimeout(400_000);

const alerts = join(import.meta.dirname, '../../../../deploy/alerts');
let promtool: Promtool | undefined;
let scratch: string;

beforeAll(() => {
  const found = findPromtool();
  promtool = 'unavailable' in found ? undefined : found;
  scratch = mkdtempSync(join(tmpdir(), 'lethe-rules-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('the alert rules, by promtool', () => {
  it('are rules', () => {
    expect(promtool?.run(['check', 'rules', 'lethe.rules.yml'], { cwd: alerts }).said ?? 'SUCCESS').toContain(
      'SUCCESS',
    );
  });

  it('are silent before, and fire when they should: each of them', () => {
    const verdict = promtool?.run(['test', 'rules', 'lethe.rules.test.yml'], { cwd: alerts });
    expect(verdict ?? { ok: true }).toMatchObject({ ok: true });
  });

  it('would be noticed: a rule that is none, and one that never fires', () => {
    const rules = readFileSync(join(alerts, 'lethe.rules.yml'), 'utf8');
    writeFileSync(join(scratch, 'broken.yml'), rules.replace('sum by (code)', 'sum by (code'));
    expect(promtool?.run(['check', 'rules', 'broken.yml'], { cwd: scratch }).ok ?? false).toBe(false);
    writeFileSync(
      join(scratch, 'lethe.rules.yml'),
      rules.replaceAll('lethe_audit_fork_guard', 'lethe_audit_gone'),
    );
    const tests = readFileSync(join(alerts, 'lethe.rules.test.yml'), 'utf8');
    writeFileSync(join(scratch, 'lethe.rules.test.yml'), tests);
    const verdict = promtool?.run(['test', 'rules', 'lethe.rules.test.yml'], { cwd: scratch });
    expect(verdict?.ok ?? false).toBe(false);
    if (verdict !== undefined) expect(verdict.said).toContain('LetheAuditForkGuard');
  });
});
