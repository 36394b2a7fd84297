import { UpstreamError, type UpstreamTarget } from '../types.js';

const tokenCharacters = /^[\x21-\x7e]+$/;
const headerValue = /^[\x20-\x7e]{1,1024}$/;
const userAgent = 'lethe';
const headBytesMax = 8 * 1024;

/** The request line and headers, up to and with the empty line. Throws UpstreamError when a part would break them. */
export const requestHead = (
  target: UpstreamTarget,
  host: string,
  accept: string,
  bodyBytes: number,
): string => {
  const credential = target.credential.reveal();
  if (!tokenCharacters.test(credential) || !tokenCharacters.test(target.path)) {
    throw new UpstreamError('malformed', false);
  }
  const authentication =
    target.authentication === 'bearer'
      ? `authorization: Bearer ${credential}`
      : `${target.authentication}: ${credential}`;
  let extra = '';
  for (const [name, value] of target.headers ?? []) {
    if (!headerValue.test(value)) throw new UpstreamError('malformed', false);
    extra += `${name}: ${value}\r\n`;
  }
  const head =
    `POST ${target.path} HTTP/1.1\r\nhost: ${host}\r\n${authentication}\r\n` +
    `content-type: application/json\r\naccept: ${accept}\r\naccept-encoding: identity\r\n` +
    `user-agent: ${userAgent}\r\n${extra}content-length: ${bodyBytes}\r\n\r\n`;
  if (head.length > headBytesMax) throw new UpstreamError('malformed', false);
  return head;
};
