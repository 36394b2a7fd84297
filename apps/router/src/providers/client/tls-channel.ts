import { isIP, type Socket, type TcpNetConnectOpts } from 'node:net';
import tls, { type SecureContext, type TLSSocket } from 'node:tls';
import { UpstreamError, type UpstreamRoute } from '../types.js';
import type { Origin } from './origin.js';

/** SSL_OP_CLEANSE_PLAINTEXT of OpenSSL 3: what was decrypted is overwritten once it was read. Node has no name for it. */
const cleansePlaintext = 2;

/**
 * TLS to one origin by one route: one context for all its connections, as reading certificates is dear, and the
 * latest session, which spares the next connection most of its handshake.
 */
export class TlsChannel {
  readonly #hostname: string;
  readonly #context: SecureContext;
  #session: Buffer | undefined;

  /** Throws UpstreamError `unreachable` when the route's certificates or key cannot be read. */
  constructor(origin: Origin, route: UpstreamRoute | undefined) {
    this.#hostname = origin.hostname;
    try {
      // By its object, so that a test can see what is asked for.
      this.#context = tls.createSecureContext({
        secureOptions: cleansePlaintext,
        minVersion: 'TLSv1.2',
        ...(route?.caCertificatesPem === undefined ? {} : { ca: route.caCertificatesPem }),
        ...(route?.clientCertificatePem === undefined ? {} : { cert: route.clientCertificatePem }),
        ...(route?.clientPrivateKeyPem === undefined ? {} : { key: route.clientPrivateKeyPem.reveal() }),
      });
    } catch {
      throw new UpstreamError('unreachable', false);
    }
  }

  /** Opens TLS over a connection of its own, or over `socket`. Its `secureConnect` says that the peer is who it should be. */
  connect(options: TcpNetConnectOpts | { readonly socket: Socket }): TLSSocket {
    const session = this.#session;
    const made = tls.connect({
      ...options,
      // Checked against the certificate; with `socket` nothing else names it.
      host: this.#hostname,
      secureContext: this.#context,
      rejectUnauthorized: true, // Whatever the environment says.
      ALPNProtocols: ['http/1.1'],
      ...(session === undefined ? {} : { session }),
      ...(isIP(this.#hostname) === 0 ? { servername: this.#hostname } : {}),
    });
    let isReady = false;
    made.once('secureConnect', () => {
      isReady = true;
    });
    made.once('close', () => {
      // A session that the provider does not like must not fail the next connection as well.
      if (!isReady && this.#session === session) this.#session = undefined;
    });
    return made;
  }

  /**
   * Keeps the session of a connection that has brought an answer: by then the provider has sent what it takes to
   * resume it. (Node's event for it is lost when a name has several addresses.)
   */
  keepSession(socket: TLSSocket): void {
    this.#session = socket.getSession() ?? this.#session;
  }
}
