import { UpstreamError, type UpstreamTarget } from '../types.js';

const tokenCharacters = /^[\x21-\x7e]+$/;
const headerValue = /^[\x20-\x7e]{1,1024}$/;
const userAgent = 'lethe';
const headBytesMax = 8 * 1024;

export type Accept = 'application/json' | 'text/event-stream';

/** The request heads to one target, by what is accepted, up to the value of their last header: the body's length. */
export type HeadFrame = Readonly<Record<Accept, Buffer>>;

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
  const of = (accept: Accept): Buffer => Buffer.from(`${beforeAccept}${accept}${afterAccept}`, 'latin1');
  return { 'application/json': of('application/json'), 'text/event-stream': of('text/event-stream') };
};
