import { UpstreamError } from '../types.js';

/** How the end of a body is found. */
export type Framing =
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until_close' };

export interface ResponseHead {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly framing: Framing;
  /** The connection may serve another request. */
  readonly reusable: boolean;
  /** How long the provider keeps an idle connection, if it says so. */
  readonly keepAliveMs: number | undefined;
}

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\xff]*)?$/;
const headerLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)$/;
const contentLength = /^\d{1,15}$/;
const keepAliveTimeout = /(?:^|[,;\s])timeout=(\d{1,6})/i;
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'set-cookie',
]);

const malformed = (): never => {
  throw new UpstreamError('malformed', true);
};

interface Hops {
  length: number | undefined;
  chunked: boolean;
  close: boolean;
  keepAliveMs: number | undefined;
}

const takeHop = (hops: Hops, name: string, value: string): void => {
  switch (name) {
    case 'content-length': {
      const bytes = contentLength.test(value) ? Number(value) : malformed();
      if (hops.length !== undefined && hops.length !== bytes) malformed();
      hops.length = bytes;
      return;
    }
    case 'transfer-encoding':
      // Any other coding would have to be undone before the body means anything.
      if (value.toLowerCase() !== 'chunked' || hops.chunked) malformed();
      hops.chunked = true;
      return;
    case 'connection':
      hops.close ||= /(?:^|[,\s])close(?:$|[,\s])/i.test(value);
      return;
    case 'keep-alive': {
      const timeout = keepAliveTimeout.exec(value)?.[1];
      if (timeout !== undefined) hops.keepAliveMs = Number(timeout) * 1_000;
      return;
    }
    default:
  }
};

const framingOf = (status: number, hops: Hops): Framing => {
  if (status === 204 || status === 304) return { kind: 'length', bytes: 0 };
  if (hops.chunked) return { kind: 'chunked' };
  return hops.length === undefined ? { kind: 'until_close' } : { kind: 'length', bytes: hops.length };
};

/** Reads a response head, without its empty line, strictly. Throws UpstreamError `malformed`. */
export const parseResponseHead = (text: string): ResponseHead => {
  const lines = text.split('\r\n');
  const first = statusLine.exec(lines[0] as string) ?? malformed();
  const status = Number(first[2]);
  const hops: Hops = { length: undefined, chunked: false, close: first[1] === '0', keepAliveMs: undefined };
  const headers: (readonly [string, string])[] = [];
  for (let index = 1; index < lines.length; index++) {
    const parts = headerLine.exec(lines[index] as string) ?? malformed();
    const name = (parts[1] as string).toLowerCase();
    const value = (parts[2] as string).trimEnd();
    takeHop(hops, name, value);
    if (!hopByHop.has(name)) headers.push([name, value]);
  }
  // We never ask to switch protocols, and a length beside chunks is a disagreement about where the body ends.
  if (status === 101 || (hops.chunked && hops.length !== undefined)) malformed();
  const framing = framingOf(status, hops);
  return {
    status,
    headers,
    framing,
    reusable: !hops.close && framing.kind !== 'until_close',
    keepAliveMs: hops.keepAliveMs,
  };
};
