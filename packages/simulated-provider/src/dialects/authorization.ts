import type { IncomingHttpHeaders } from 'node:http';
import { type Refusal, unauthorized } from '../refusals.js';

const REFUSED_TOKEN = 'invalid-key';

const isGood = (token: string | undefined): boolean => token !== undefined && token !== REFUSED_TOKEN;

/** Takes any bearer token but the one that stands for a wrong key. */
export const refuseBearer = ({ authorization }: IncomingHttpHeaders): Refusal | null =>
  isGood(/^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]) ? null : unauthorized();

/** Takes Anthropic's own header, which comes first, or a bearer token. */
export function refuseKey(headers: IncomingHttpHeaders): Refusal | null {
  const key = headers['x-api-key'];
  if (typeof key !== 'string' || key === '') return refuseBearer(headers);
  return isGood(key) ? null : unauthorized();
}
