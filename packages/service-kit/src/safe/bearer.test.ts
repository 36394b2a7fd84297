import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { bearerToken, newToken, tokenSha256 } from './bearer.js';

describe('a bearer token', () => {
  it.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['BEARER    abc', 'abc'],
    ['Bearer sk-lethe-A_b.c~d+e/f=', 'sk-lethe-A_b.c~d+e/f='],
    [`Bearer ${'x'.repeat(512)}`, 'x'.repeat(512)],
  ])('of %s is read', (header, token) => {
    expect(bearerToken(header)).toBe(token);
  });

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'abc',
    'Basic abc',
    'Bearer a b',
    'Bearer abc ',
    ' Bearer abc',
    'Bearerabc',
    'Bearer é',
    'Bearer a\nb',
    'Bearer\tabc',
    `Bearer ${'x'.repeat(513)}`,
  ])('of %j is none', (header) => {
    expect(bearerToken(header)).toBeUndefined();
  });

  it('is known by its SHA-256 alone', () => {
    expect(tokenSha256('abc').toString('hex')).toBe(createHash('sha256').update('abc').digest('hex'));
    expect(tokenSha256('é')).toEqual(createHash('sha256').update(Buffer.from('é')).digest());
  });

  it('is made of 256 random bits behind its prefix, and can be sent as it is', () => {
    for (const prefix of ['sk-lethe-', 'lethe_mgmt_', 'lethe_ops_', 'lethe_svc_'] as const) {
      const token = newToken(prefix);
      expect(token.slice(0, prefix.length)).toBe(prefix);
      expect(Buffer.from(token.slice(prefix.length), 'base64url')).toHaveLength(32);
      expect(bearerToken(`Bearer ${token}`)).toBe(token);
    }
    expect(new Set(Array.from({ length: 1_000 }, () => newToken('lethe_svc_'))).size).toBe(1_000);
  });
});
