import {
  createServer,
  type ServerOptions as HttpOptions,
  type RequestListener,
  type Server,
} from 'node:http';
import { createServer as createSecureServer } from 'node:https';

/** PEM text. The certificate is not read again while the router runs. */
export interface ServerTls {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** SSL_OP_CLEANSE_PLAINTEXT of OpenSSL 3: what was decrypted is overwritten once it was read. Node has no name for it. */
const cleansePlaintext = 2;
const handshakeMsMax = 10_000;

/**
 * A server for HTTP or HTTPS. Under TLS several buffers are never written together: they would be copied to a place
 * that nobody overwrites. Throws the system's error for a certificate or key that OpenSSL does not take.
 */
export const createListener = (
  options: HttpOptions,
  tls: ServerTls | undefined,
  onRequest: RequestListener,
): Server => {
  if (tls === undefined) return createServer(options, onRequest);
  const server = createSecureServer(
    {
      ...options,
      cert: tls.certificatePem,
      key: tls.privateKeyPem,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
      secureOptions: cleansePlaintext,
      handshakeTimeout: handshakeMsMax,
    },
    onRequest,
  );
  server.on('secureConnection', (socket) => {
    Object.defineProperty(socket, '_writev', { value: undefined });
  });
  return server;
};
