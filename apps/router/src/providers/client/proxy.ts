import { Opaque, type Secret } from '@lethe/service-kit';
import { bareHostname, type Origin } from './origin.js';

/** A proxy that is asked for a tunnel. */
export interface TunnelProxy {
  readonly hostname: string;
  readonly port: number;
  /** Of the proxy-authorization header, when the proxy wants one. */
  readonly authorization: Secret | undefined;
}

const partOf = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // A broken escape.
  }
};

/** Splits http://[user:password@]host[:port]; undefined when it is something else. */
export const parseProxy = (secret: Secret): TunnelProxy | undefined => {
  const text = secret.reveal();
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' || url.pathname !== '/' || url.search !== '' || url.hash !== '')
    return undefined;
  const user = partOf(url.username);
  const password = partOf(url.password);
  if (user === undefined || password === undefined) return undefined;
  const pair = Buffer.from(`${user}:${password}`).toString('base64');
  return {
    hostname: bareHostname(url.hostname),
    port: url.port === '' ? 80 : Number(url.port),
    authorization: user === '' && password === '' ? undefined : new Opaque(`Basic ${pair}`),
  };
};

/** What asks the proxy for a tunnel to the origin. */
export const connectHead = (proxy: TunnelProxy, origin: Origin): string => {
  const name = origin.hostname.includes(':') ? `[${origin.hostname}]` : origin.hostname;
  const authority = `${name}:${origin.port}`;
  const authorization =
    proxy.authorization === undefined ? '' : `proxy-authorization: ${proxy.authorization.reveal()}\r\n`;
  return `CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n${authorization}\r\n`;
};
