import type { Secret } from '@lethe/service-kit';
import type { SplicedBody } from '../http/types.js';

/** How connections to an account are made, where that is not the usual way. */
export interface UpstreamRoute {
  readonly proxyUrl?: Secret; // http://[user:password@]host[:port], asked with CONNECT
  readonly caCertificatesPem?: string; // trusted instead of the public ones
  readonly clientCertificatePem?: string; // with its chain
  readonly clientPrivateKeyPem?: Secret;
}

/** Where and how one attempt goes. Best one object for each account: what can be prepared is kept by its identity. */
export interface UpstreamTarget {
  readonly origin: string; // scheme://host:port
  readonly path: string; // with the base URL's path
  readonly credential: Secret;
  readonly authentication: 'bearer' | 'x-api-key' | 'api-key';
  /** Sent as well: lower-case names and values from closed or checked sets, never text of a request's body. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly route?: UpstreamRoute;
}

/** Bounds of one provider client. */
export interface UpstreamLimits {
  readonly connectMsMax: number; // a free place, the connection and its TLS
  readonly headMsMax: number; // from the last request byte to the response head
  readonly idleMsMax: number; // between two body reads
  readonly answerMsMax: number; // from the response head to the end of the body, whatever keeps coming
  readonly headBytesMax: number;
}

/** Why an attempt failed. Closed: nothing of the socket's or the provider's text. `sent`: request bytes had left. */
export type UpstreamFailure =
  | 'unreachable'
  | 'connect_timeout'
  | 'head_timeout'
  | 'idle_timeout'
  | 'head_too_large'
  | 'malformed'
  | 'reset'
  | 'aborted';

export class UpstreamError extends Error {
  constructor(
    readonly failure: UpstreamFailure,
    readonly sent: boolean,
  ) {
    super('upstream failed');
    this.name = 'UpstreamError';
  }
}

/** How a response body ended. `cut`: before its declared end. */
export type BodyEnd = 'complete' | 'cut' | 'aborted';

export interface BodySink {
  /**
   * Body bytes [start, end) of `buffer`, transfer framing removed, once for each read. `continue`: the sink is done
   * with them, and the client overwrites them. `held`: the buffer stays the sink's until it gives it to release().
   * `pause`: held, and nothing more is read until resume().
   */
  data(buffer: Buffer, start: number, end: number): 'continue' | 'held' | 'pause';
}

export interface UpstreamResponse {
  readonly status: number;
  /** Lower-case names, in order; hop-by-hop headers are gone. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  header(name: string): string | undefined;
  /** Delivers the body to the sink; resolves with how it ended, never rejects. Called at most once. */
  pipe(sink: BodySink): Promise<BodyEnd>;
  resume(): void;
  /** Takes back a held buffer and overwrites it. Works after the end and after abort() as well. */
  release(buffer: Buffer): void;
  /** Cuts the upstream connection. */
  abort(): void;
}

export interface ProviderClient {
  /** Sends one request. Resolves at the response head; rejects with UpstreamError. `signal` aborts it. */
  send(
    target: UpstreamTarget,
    body: SplicedBody,
    accept: 'application/json' | 'text/event-stream',
    onAbort: (abort: () => void) => void,
  ): Promise<UpstreamResponse>;
  close(): void;
}
