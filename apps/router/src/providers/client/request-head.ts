import { UpstreamError, type UpstreamTarget } from '../types.js';

const tokenCharacters = /^[\x21-\x7e]+$/;
const headerValue = /^[\x20-\x7e]{1,1024}$/;
const userAgent = 'lethe';
const headBytesMax = 8 * 1024;

/** What is the same in all request heads to one target: around what is accepted, and up to the length. */
export interface HeadFrame {
  readonly beforeAccept: string;
  readonly afterAccept: string;
}

/** Throws UpstreamError when a part of the target would break a head. */
export const headFrame = (target: UpstreamTarget, host: string): HeadFrame => {
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
  const beforeAccept =
    `POST ${target.path} HTTP/1.1\r\nhost: ${host}\r\n${authentication}\r\n` +
    'content-type: application/json\r\naccept: ';
  const afterAccept = `\r\naccept-encoding: identity\r\nuser-agent: ${userAgent}\r\n${extra}content-length: `;
  if (beforeAccept.length + afterAccept.length > headBytesMax) throw new UpstreamError('malformed', false);
  return { beforeAccept, afterAccept };
};

/** The request line and headers, up to and with the empty line. */
export const requestHead = (frame: HeadFrame, accept: string, bodyBytes: number): string =>
  `${frame.beforeAccept}${accept}${frame.afterAccept}${bodyBytes}\r\n\r\n`;
