import { connect, isIP, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { DatabaseTls } from '../tls/tls-schema.js';

/** Where a database is, as the driver read it from its URL. */
export interface DatabaseAddress {
  readonly host: string;
  readonly port: number;
}

/** Why a connection to a database did not become one that is safe to talk on. The driver hands it to the query. */
export type InsecureCode =
  | 'CONNECTION_NOT_ENCRYPTED'
  | 'CONNECTION_UNTRUSTED'
  | 'CONNECTION_WRONG_HOST'
  | 'CONNECTION_CERTIFICATE_EXPIRED'
  | 'CONNECTION_TLS_FAILED';

export class InsecureConnectionError extends Error {
  constructor(readonly code: InsecureCode) {
    super('the connection to the database is not secure');
    this.name = 'InsecureConnectionError';
  }
}

/** Length and code of an SSLRequest. */
const sslRequest = Buffer.from('0000000804d2162f', 'hex');
const accepted = 'S'.charCodeAt(0);

const untrusted: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'CERT_UNTRUSTED',
]);
const outOfTime: ReadonlySet<string> = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);

const insecure = ({ code = '' }: NodeJS.ErrnoException): InsecureConnectionError => {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return new InsecureConnectionError('CONNECTION_WRONG_HOST');
  if (outOfTime.has(code)) return new InsecureConnectionError('CONNECTION_CERTIFICATE_EXPIRED');
  return new InsecureConnectionError(untrusted.has(code) ? 'CONNECTION_UNTRUSTED' : 'CONNECTION_TLS_FAILED');
};

/**
 * A connection to Postgres over TLS. To the driver it is a socket that is still connecting until the server has shown a
 * certificate of the given authority for the host of the URL: nothing is written before that, and nothing without it.
 */
export class SecureSocket extends Duplex {
  /** What is reset to take back bytes that were not read yet. */
  readonly tcp: Socket;
  readonly #host: string;
  readonly #ca: string;
  #tls: TLSSocket | undefined;
  #secure = false;
  /** What was written before it was secure: one chunk, since a stream waits for each. */
  #held: (() => void) | undefined;

  constructor({ host, port }: DatabaseAddress, { caPem }: DatabaseTls) {
    super({ allowHalfOpen: false });
    this.#host = host;
    this.#ca = caPem;
    this.tcp = connect({ host, port, noDelay: true });
    this.tcp.once('connect', () => this.tcp.write(sslRequest));
    this.tcp.once('data', (answer) => this.#negotiate(answer));
    // Later ones are told by the TLS socket on top.
    this.tcp.on('error', (error) => {
      if (this.#tls === undefined) this.destroy(error);
    });
    this.tcp.once('close', () => {
      if (this.#tls === undefined) this.destroy();
    });
  }

  /** As the driver asks a plain socket before it says goodbye. */
  get readyState(): 'open' | 'opening' | 'closed' {
    if (this.destroyed) return 'closed';
    return this.#secure ? 'open' : 'opening';
  }

  setKeepAlive(enable: boolean, initialDelayMs: number): this {
    this.tcp.setKeepAlive(enable, initialDelayMs);
    return this;
  }

  /** A socket's `close` says whether there was an error. */
  override emit(event: string | symbol, ...values: unknown[]): boolean {
    return event === 'close' && values.length === 0
      ? super.emit(event, this.errored !== null)
      : super.emit(event, ...values);
  }

  override _read(): void {
    if (this.#secure) this.#tls?.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const write = () => this.#tls?.write(chunk, done);
    if (this.#secure) write();
    else this.#held = write;
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#secure) this.#tls?.end(done);
    else done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#held = undefined;
    (this.#tls ?? this.tcp).destroy();
    done(error);
  }

  /** More than the one byte would be somebody's who writes into the beginning of what is trusted later. */
  #negotiate(answer: Buffer): void {
    if (answer.length !== 1 || answer[0] !== accepted)
      this.destroy(new InsecureConnectionError('CONNECTION_NOT_ENCRYPTED'));
    else this.#shakeHands();
  }

  #shakeHands(): void {
    const tls = connectTls({
      socket: this.tcp,
      host: this.#host,
      ...(isIP(this.#host) === 0 && { servername: this.#host }),
      ca: this.#ca,
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
    });
    this.#tls = tls;
    tls.once('secureConnect', () => this.#established(tls));
    tls.on('error', (error) => this.destroy(this.#secure ? error : insecure(error)));
    // A server that ends the handshake does so without an error.
    tls.once('close', () =>
      setImmediate(() =>
        this.destroy(this.#secure ? undefined : new InsecureConnectionError('CONNECTION_TLS_FAILED')),
      ),
    );
  }

  #established(tls: TLSSocket): void {
    this.#secure = true;
    tls.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) tls.pause();
    });
    tls.once('end', () => this.push(null));
    const held = this.#held;
    this.#held = undefined;
    held?.();
    this.emit('connect');
  }
}
