export interface Origin {
  readonly secure: boolean;
  readonly hostname: string;
  readonly port: number;
  /** For the host header. */
  readonly host: string;
}

/** A host name as sockets take it: an IPv6 address without its brackets. */
export const bareHostname = (hostname: string): string => hostname.replace(/^\[(.*)\]$/, '$1');

/** Splits scheme://host[:port]; undefined when it is no http or https origin. */
export const parseOrigin = (text: string): Origin | undefined => {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const secure = url.protocol === 'https:';
  if (!secure && url.protocol !== 'http:') return undefined;
  return {
    secure,
    hostname: bareHostname(url.hostname),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    host: url.host,
  };
};
