import { isIP } from 'node:net';
import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context } from 'hono';

const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i;

/** One text for one address: an IPv4 address that came over an IPv6 socket is written as IPv4, a zone is left out. */
export const normalAddress = (address: string): string | undefined => {
  const plain = (address.split('%')[0] ?? '').toLowerCase();
  const normal = mapped.exec(plain)?.[1] ?? plain;
  return isIP(normal) === 0 ? undefined : normal;
};

/**
 * The address at the other end of the socket; undefined when there is no socket (any more). Headers that name another
 * are not believed.
 */
export const sourceAddress = (c: Context): string | undefined => {
  try {
    const { address } = getConnInfo(c).remote;
    return address === undefined ? undefined : normalAddress(address);
  } catch {
    return undefined;
  }
};
