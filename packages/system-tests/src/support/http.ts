import { Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface HttpRequest {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Buffer | string;
  readonly agent?: Agent;
  /** Given up, and the connection closed, when this fires. */
  readonly signal?: AbortSignal;
}

/** Free connections are given up well before the servers' five seconds: one closed in the moment of its reuse is an error. */
const keepAlive = new Agent({ keepAlive: true, maxSockets: 64, timeout: 2_500 });

/** One request by Node's own client, which changes no byte. Rejects when the connection breaks. */
export const http = (url: string, options: HttpRequest = {}): Promise<HttpAnswer> =>
  new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method: options.method ?? (options.body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(options.body !== undefined && { 'content-length': Buffer.byteLength(options.body) }),
        ...options.headers,
      },
      agent: options.agent ?? keepAlive,
      ...(options.signal !== undefined && { signal: options.signal }),
    });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
        }),
      );
    });
    outgoing.end(options.body);
  });

/** The id of the request that an answer belongs to. */
export const requestIdOf = ({ headers }: Pick<HttpAnswer, 'headers'>): string =>
  String(headers['x-lethe-request-id'] ?? '');

/** Posts a chat completion with an API key. */
export const chat = (
  router: string,
  key: string,
  body: object,
  options: Omit<HttpRequest, 'body' | 'method'> = {},
): Promise<HttpAnswer> =>
  http(`${router}/v1/chat/completions`, {
    ...options,
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      ...options.headers,
    },
    body: JSON.stringify(body),
  });

/** Gets JSON with a bearer token. Rejects when the answer is not 200. */
export const getJson = async <T>(url: string, token: string): Promise<T> => {
  const { status, body } = await http(url, { headers: { authorization: `Bearer ${token}` } });
  if (status !== 200) throw new Error(`${new URL(url).pathname} answered ${status}`);
  return JSON.parse(body.toString()) as T;
};
