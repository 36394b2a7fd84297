import { describe, expect, it } from '@jest/globals';
import { byteaArray, decodeHeaders, encodeHeaders } from './codec.js';

describe('the Postgres codec', () => {
  it('writes arrays of bytea', () => {
    expect(byteaArray([])).toBe('{}');
    expect(byteaArray([Buffer.from([0, 255]), null, Buffer.alloc(0)])).toBe('{"\\\\x00ff",NULL,"\\\\x"}');
  });

  it('gives headers back as they were', () => {
    const headers = { kind: 'a', 'ü"\\': '\n\u0000' };
    expect(decodeHeaders(encodeHeaders(headers))).toEqual(headers);
    expect(encodeHeaders({})).toBeNull();
    expect(encodeHeaders(undefined)).toBeNull();
    expect(decodeHeaders(null)).toBeUndefined();
  });

  it('takes bytes that are no headers for none', () => {
    expect(decodeHeaders(Buffer.from('{"secret": '))).toBeUndefined();
    expect(decodeHeaders(Buffer.from('7'))).toBeUndefined();
    expect(decodeHeaders(Buffer.from('{"a":1,"b":"x"}'))).toEqual({ b: 'x' });
  });
});
