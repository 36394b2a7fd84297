import {
  createServer,
  type ServerOptions as HttpOptions,
  type RequestListener,
  type Server,
} from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { TlsIdentity } from '@lethe/service-kit';

/** The certificate of the public port. */
export type ServerTls = TlsIdentity;

/** SSL_OP_CLEANSE_PLAINTEXT of OpenSSL 3: what was decrypted is overwritten once it was read. Node has no name for it. */
const cleansePlaintext = 2;
const handshakeMsMax = 10_000;

/**
 * A server for HTTP or HTTPS. Under TLS several buffers are never written together: they would be copied to a place
 * that nobody overwrites. A renewed certificate is shown from the next handshake on.
 */
export const createListener = (
  options: HttpOptions,
  tls: ServerTls | undefined,
  onRequest: RequestListener,
): Server => {
  if (tls === undefined) return createServer(options, onRequest);
  const context = () => ({ ...tls.serverOptions(), secureOptions: cleansePlaintext });
  const server = createSecureServer(
    { ...options, ...context(), ALPNProtocols: ['http/1.1'], handshakeTimeout: handshakeMsMax },
    onRequest,
  );
  const stop = tls.onRenewed(() => server.setSecureContext(context()));
  server.once('close', stop);
  server.on('secureConnection', (socket) => {
    Object.defineProperty(socket, '_writev', { value: undefined });
  });
  return server;
};
