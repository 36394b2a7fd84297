import { describe, expect, it } from '@jest/globals';
import { Hono } from 'hono';
import { normalAddress, sourceAddress } from './source-address.js';

describe('a source address', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['::FFFF:203.0.113.9', '203.0.113.9'],
    ['2001:DB8::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['', undefined],
    ['somewhere', undefined],
    ['::ffff:999.0.0.1', undefined],
  ])('%j is %j', (address, normal) => {
    expect(normalAddress(address)).toBe(normal);
  });

  it('is that of the socket, whatever headers say', async () => {
    const app = new Hono().get('/', (c) => c.json({ from: sourceAddress(c) ?? null }));
    const ask = async (env?: unknown) => {
      const headers = { 'x-forwarded-for': '198.51.100.1', forwarded: 'for=198.51.100.1' };
      return (await app.request('/', { headers }, env as Record<string, unknown>)).json();
    };
    const socket = { remoteAddress: '::ffff:203.0.113.9', remotePort: 1, remoteFamily: 'IPv6' };
    expect(await ask({ incoming: { socket } })).toEqual({ from: '203.0.113.9' });
    expect(await ask({ incoming: { socket: {} } })).toEqual({ from: null });
    expect(await ask()).toEqual({ from: null });
  });
});
