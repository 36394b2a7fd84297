import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { Readable } from 'node:stream';
import { Client } from 'minio';
import type { S3StoreConfig } from '../config.js';
import { ObjectStoreError } from '../port.js';
import { toObjectStoreError } from './errors.js';
import { readEndpoint, type Session } from './session.js';

const sliceBytes = 65_536;
/** A page of a listing is the largest answer that is no object. */
const answerBytesMax = 4_194_304;

type Transport = NonNullable<ConstructorParameters<typeof Client>[0]['transport']>;

const isGood = (status = 0): boolean => status >= 200 && status < 300;

const collect = async (response: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > answerBytesMax) throw new ObjectStoreError('unavailable');
    parts.push(part);
  }
  return Buffer.concat(parts);
};

/** The same answer with a body that is there already. */
const whole = (response: IncomingMessage, body: Buffer): IncomingMessage => {
  const { statusCode, headers } = response;
  return Object.assign(Readable.from(body.length === 0 ? [] : [body]), {
    statusCode,
    headers,
  }) as unknown as IncomingMessage;
};

function* slicesOf(body: Buffer): Generator<Buffer> {
  for (let at = 0; at < body.length; at += sliceBytes) yield body.subarray(at, at + sliceBytes);
}

/** Large bodies go out in slices, so that each asks the guard, and none is handed over before the last is through. */
const sliced = (request: ClientRequest): ClientRequest => {
  const end = request.end.bind(request);
  request.end = ((body?: unknown) => {
    if (!Buffer.isBuffer(body) || body.length <= sliceBytes) return end(body);
    Readable.from(slicesOf(body), { objectMode: false, highWaterMark: sliceBytes }).pipe(request);
    return request;
  }) as ClientRequest['end'];
  return request;
};

/**
 * One call to the server through the client library, which signs and reads, while the connection, the time and the
 * size of an answer are ours. One attempt.
 */
export class Exchange {
  readonly #session: Session;
  readonly #config: S3StoreConfig;
  readonly #isObject: boolean;
  #request: ClientRequest | undefined;
  #status: number | undefined;
  #bodyBytes = -1;
  #verdict: ObjectStoreError | undefined;
  #fail: (error: ObjectStoreError) => void = () => undefined;

  constructor(session: Session, config: S3StoreConfig, options: { readonly isObject?: boolean } = {}) {
    this.#session = session;
    this.#config = config;
    this.#isObject = options.isObject ?? false;
  }

  /** Rejects with ObjectStoreError, or with the client's error when `isExpected` knows it. */
  async run<T>(
    limitMs: number,
    work: (client: Client) => Promise<T>,
    isExpected: (error: unknown) => boolean = () => false,
  ): Promise<T> {
    const failed = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    failed.catch(() => undefined);
    const timer = setTimeout(() => this.interrupt(new ObjectStoreError('timeout')), limitMs);
    try {
      return await Promise.race([work(this.#client()), failed]);
    } catch (error) {
      const isSevered = this.#session.sockets.isCut;
      this.abort();
      if (this.#verdict) throw this.#verdict;
      if (isSevered) throw new ObjectStoreError('severed');
      if (isExpected(error)) throw error;
      throw toObjectStoreError(error, this.#status);
    } finally {
      clearTimeout(timer);
    }
  }

  /** How long the server says its answer is; -1 when it does not say. */
  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  /** Ends the call with this error, and its connection. */
  interrupt(error: ObjectStoreError): void {
    this.#verdict ??= error;
    this.abort();
    this.#fail(error);
  }

  /** Ends the connection, unless the call is over and somebody else may have it by now. */
  abort(): void {
    const request = this.#request;
    this.#request = undefined;
    if (request === undefined) return;
    // The socket takes the request with it; both in one tick is more than Node's TLS bears.
    if (request.socket) this.#session.sockets.cutOne(request.socket);
    else request.destroy();
  }

  #client(): Client {
    const { region, accessKeyId, secretAccessKey, sessionToken, endpoint } = this.#config;
    const { host, port, secure } = readEndpoint(endpoint);
    return new Client({
      endPoint: host,
      port,
      useSSL: secure,
      region,
      accessKey: accessKeyId,
      secretKey: secretAccessKey,
      ...(sessionToken !== undefined && { sessionToken }),
      pathStyle: true,
      partSize: 67_108_864,
      transport: { request: this.#send } as Transport,
      // It would write the reason to the console, and send a body again without asking anybody.
      retryOptions: { disableRetry: true },
    });
  }

  readonly #send = (
    options: RequestOptions,
    onResponse: (response: IncomingMessage) => void,
  ): ClientRequest => {
    const request = this.#session.request(options, (response) => {
      this.#status = response.statusCode;
      this.#bodyBytes = Number(response.headers['content-length'] ?? -1);
      if (this.#isObject && isGood(response.statusCode)) onResponse(response);
      else
        collect(response).then(
          (body) => onResponse(whole(response, body)),
          (error: unknown) => this.#fail(toObjectStoreError(error)),
        );
    });
    this.#request = request;
    request.once('close', () => {
      if (this.#request === request) this.#request = undefined;
    });
    // For when the client has stopped listening.
    request.on('error', () => undefined);
    return sliced(request);
  };
}
