import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { openPrivateConnection } from './private-connection.js';
import { Passing, passMsMax, type Scrub } from './scrub.js';

/** Three records: OpenSSL hands each over through 16 KB on the stack. */
const zeroBytes = 3 * 16 * 1024;
const identity = 'lethe';
const suite = {
  ciphers: 'PSK-AES128-GCM-SHA256',
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
} as const;

/**
 * Reads zeros over a TLS connection of this process to itself: what was decrypted last would stay on the thread's stack.
 * The two ends know each other by a key that is made here; no certificate is involved.
 */
export class TlsStack implements Scrub {
  readonly #key = randomBytes(32);
  readonly #zeros = Buffer.alloc(zeroBytes);
  readonly #sink = Buffer.alloc(zeroBytes);
  readonly #ask = Buffer.from('z');
  readonly #passing = new Passing();
  #client: Socket | undefined;
  #received = 0;
  #closed = false;

  async pass(): Promise<void> {
    const client = this.#client ?? (await this.#open());
    this.#received = 0;
    await this.#passing.start(() => client.write(this.#ask));
  }

  close(): void {
    this.#closed = true;
    this.#client?.destroy();
    this.#passing.failed();
  }

  async #open(): Promise<Socket> {
    const client = await openPrivateConnection({
      accept: (socket, prove) => this.#accept(socket, prove),
      connectTo: (address) => {
        const options = {
          ...address,
          ...suite,
          pskCallback: () => ({ psk: this.#key, identity }),
          checkServerIdentity: () => undefined,
          onread: { buffer: this.#sink, callback: (bytes: number) => this.#receive(bytes) },
        };
        return connect(options);
      },
      timeoutMs: passMsMax,
    });
    if (this.#closed) client.destroy();
    this.#client = client;
    client.once('close', () => {
      this.#client = undefined;
      this.#passing.failed();
    });
    return client;
  }

  #accept(socket: Socket, prove: () => void): void {
    const server = createServer(
      {
        ...suite,
        handshakeTimeout: passMsMax,
        pskCallback: (_socket, name) => (name === identity ? this.#key : null),
      },
      (secure: TLSSocket) => {
        secure.on('error', () => undefined);
        secure.on('data', () => secure.write(this.#zeros));
        prove();
      },
    );
    server.on('tlsClientError', () => socket.destroy());
    server.emit('connection', socket);
  }

  #receive(bytes: number): boolean {
    this.#received += bytes;
    if (this.#received >= zeroBytes) this.#passing.done();
    return true;
  }
}
