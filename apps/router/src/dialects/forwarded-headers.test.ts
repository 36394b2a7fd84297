import { describe, expect, it } from '@jest/globals';
import { facesByPath } from './all.js';
import { messagesFace } from './anthropic/messages.js';
import type { Face } from './face.js';
import { forwardedHeaders } from './forwarded-headers.js';

const canary = 'CANARY-7f1f';
const raw = (headers: readonly (readonly [string, string])[]): string[] => headers.flat();
const sent = (face: Face, headers: readonly (readonly [string, string])[], zdr = false) =>
  forwardedHeaders(face, raw(headers), zdr);
const version = ['anthropic-version', '2023-06-01'] as const;
const known = 'interleaved-thinking-2025-05-14';

describe('headers that go on', () => {
  it('are none but those the endpoint names', () => {
    const all = [
      ['authorization', `Bearer ${canary}`],
      ['x-api-key', canary],
      ['cookie', canary],
      ['openai-organization', canary],
      ['anthropic-user-profile-id', canary],
      ['session_id', canary],
      ['anthropic-beta', known],
    ] as const;
    for (const [, face] of facesByPath)
      for (const zdr of [true, false]) {
        const { headers } = sent(face, all, zdr);
        expect(headers).toEqual(face.dialect === 'anthropic' ? [version, ['anthropic-beta', known]] : []);
      }
  });

  it('the version is the caller’s, or the default', () => {
    expect(sent(messagesFace, []).headers).toEqual([version]);
    for (const zdr of [true, false])
      expect(sent(messagesFace, [['Anthropic-Version', '2024-01-01']], zdr).headers).toEqual([
        ['anthropic-version', '2024-01-01'],
      ]);
  });

  it('without ZDR the beta features are those that were asked for, of all such headers', () => {
    const beta = [
      ['anthropic-beta', `files-api-2025-04-14, ${known}`],
      ['Anthropic-Beta', 'another-2030-01-01'],
    ] as const;
    expect(sent(messagesFace, beta)).toEqual({
      headers: [version, ['anthropic-beta', `files-api-2025-04-14, ${known},another-2030-01-01`]],
      dropped: [],
    });
  });

  it('under ZDR only those features that keep nothing; the others are named by place, never by text', () => {
    const beta = [
      ['anthropic-beta', `files-api-2025-04-14,${known}, ,${canary}`],
      ['anthropic-beta', `context-1m-2025-08-07 ,${known.toUpperCase()}`],
    ] as const;
    const result = sent(messagesFace, beta, true);
    expect(result).toEqual({
      headers: [version, ['anthropic-beta', `${known},context-1m-2025-08-07`]],
      dropped: ['anthropic-beta.0', 'anthropic-beta.3', 'anthropic-beta.5'],
    });
    expect(JSON.stringify(result)).not.toContain(canary);
    const none = sent(messagesFace, [['anthropic-beta', 'mcp-client-2025-11-20']], true);
    expect(none).toEqual({ headers: [version], dropped: ['anthropic-beta.0'] });
  });

  it.each([
    'files-api-2025-04-14',
    'skills-2025-10-02',
    'mcp-client-2025-04-04',
    'mcp-client-2025-11-20',
    'mcp-client-2026-09-15',
    'code-execution-2025-05-22',
    'message-batches-2024-09-24',
    'cache-diagnosis-2026-04-07',
    'user-profiles-2026-03-24',
    'server-side-fallback-2026-07-01',
    'fallback-credit-2026-07-01',
    'message-threads-2026-08-12',
    'advisor-tool-2026-03-01',
    'advanced-tool-use-2025-11-20',
    'inline-tools-2026-09-15',
    'agent-memory-2026-07-22',
  ])('under ZDR %s does not go on', (feature) => {
    expect(sent(messagesFace, [['anthropic-beta', feature]], true).headers).toEqual([version]);
    // Control: it does without.
    expect(sent(messagesFace, [['anthropic-beta', feature]]).headers).toHaveLength(2);
  });

  it('are bounded and printable, or refused by name', () => {
    for (const zdr of [true, false])
      for (const [name, value] of [
        ['anthropic-beta', 'x'.repeat(2049)],
        ['anthropic-version', `${canary}\u00e9`],
        ['anthropic-version', `${canary}\t`],
      ] as const)
        expect(() => sent(messagesFace, [[name, value]], zdr)).toThrow(
          expect.objectContaining({ code: 'caller.invalid_value', param: name }),
        );
    const many = [['anthropic-beta', Array.from({ length: 65 }, () => 'a').join(',')]] as const;
    expect(() => sent(messagesFace, many, true)).toThrow(
      expect.objectContaining({ param: 'anthropic-beta' }),
    );
    expect(sent(messagesFace, many).headers).toHaveLength(2);
  });
});
