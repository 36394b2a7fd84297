import { describe, expect, it } from '@jest/globals';
import { requestBody, requestHead } from './requests.js';

describe('requestBody', () => {
  it.each([1024, 100 * 1024, 1024 * 1024])(
    'is valid JSON of exactly %p bytes, messages first, with escapes',
    (bytes) => {
      const body = requestBody({ bytes, model: 'openai/gpt-4o-mini', stream: false });
      expect(body).toHaveLength(bytes);
      const text = body.toString();
      const parsed = JSON.parse(text) as Record<string, unknown>;
      expect(Object.keys(parsed).slice(0, 2)).toEqual(['messages', 'model']);
      expect('stream' in parsed).toBe(false);
      const escapes = (text.match(/\\/g) ?? []).length / (bytes / 1024);
      expect(escapes).toBeGreaterThan(10);
      expect(escapes).toBeLessThan(120);
    },
  );

  it('asks for a stream, and for no pacing', () => {
    const body = requestBody({ bytes: 1024, model: 'm', stream: true, hurry: true });
    expect(body).toHaveLength(1024);
    expect(JSON.parse(body.toString())).toMatchObject({ stream: true, user: 'burst' });
  });

  it('refuses a size in which nothing can be said', () => {
    expect(() => requestBody({ bytes: 20, model: 'm', stream: false })).toThrow(RangeError);
  });
});

it('requestHead ends with an empty line and names the length', () => {
  const head = requestHead({ port: 1, path: '/v1/x', model: 'm', headers: { Authorization: 'Bearer k' } }, 7);
  expect(head.startsWith('POST /v1/x HTTP/1.1\r\n')).toBe(true);
  expect(head.endsWith('Content-Length: 7\r\n\r\n')).toBe(true);
  expect(head).toContain('\r\nAuthorization: Bearer k\r\n');
});
