/** Bytes of one request, written by hand. */
export interface RawRequest {
  readonly method?: string;
  readonly path?: string;
  /** Lines of the head besides Host, Authorization and Content-Length. */
  readonly headers?: readonly string[];
  readonly key?: string | undefined;
  readonly body?: Buffer | string;
  /** Declares this length whatever the body has; null: declares none. */
  readonly contentLength?: number | null;
}

/** The bytes of a request with the framing it asks for. */
export const requestBytes = (request: RawRequest): Buffer => {
  const body = Buffer.from(request.body ?? '');
  const length = request.contentLength === undefined ? body.length : request.contentLength;
  const lines = [
    `${request.method ?? 'POST'} ${request.path ?? '/v1/chat/completions'} HTTP/1.1`,
    'Host: 127.0.0.1',
    ...(request.key === undefined ? [] : [`Authorization: Bearer ${request.key}`]),
    'Content-Type: application/json',
    ...(length === null ? [] : [`Content-Length: ${length}`]),
    ...(request.headers ?? []),
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
};

export const chunked = (...chunks: readonly string[]): string =>
  [...chunks, ''].map((chunk) => `${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`).join('');

/** A chat body with the given fields in place of the usual ones; undefined leaves one out. */
export const chatBody = (fields: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({ model: 'sim/echo', messages: [{ role: 'user', content: 'Well?' }], ...fields });
