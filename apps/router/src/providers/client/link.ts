import { type Socket, type TcpNetConnectOpts, connect as tcpConnect } from 'node:net';
import { TLSSocket } from 'node:tls';
import { HeadReader } from './head-reader.js';
import type { Origin } from './origin.js';
import { connectHead, type TunnelProxy } from './proxy.js';
import type { TlsChannel } from './tls-channel.js';

/** How one origin is reached. */
export interface LinkRoute {
  readonly origin: Origin;
  readonly proxy: TunnelProxy | undefined;
  /** Present for https. */
  readonly tls: TlsChannel | undefined;
}

export interface LinkEvents {
  /** The buffer for the next read. */
  readonly buffer: () => Buffer;
  /** Bytes [0, count) of `buffer` were read, and are the receiver's. False: no more until resume(). */
  readonly read: (buffer: Buffer, count: number) => boolean;
  /** A request may be written. */
  readonly ready: (socket: Socket) => void;
  /** The provider sends no more. */
  readonly ended: () => void;
  /** Nothing is read into any buffer any more. */
  readonly closed: () => void;
}

/** How long one of several addresses is tried alone. */
const addressMsMax = 250;
const tunnelHeadBytesMax = 8 * 1024;

const reach = (hostname: string, port: number) => ({
  host: hostname,
  port,
  noDelay: true,
  keepAlive: true,
  autoSelectFamily: true,
  autoSelectFamilyAttemptTimeout: addressMsMax,
});

/** TLS 1.3 lets a client speak before its certificate was looked at, so a refusal comes when a request may have left. */
const refusals = /_ALERT_(?:[A-Z_]*CERTIFICATE[A-Z_]*|UNKNOWN_CA|ACCESS_DENIED)$/;

/** A way to an origin: TCP or TLS, straight or through a proxy's tunnel. */
export class Link {
  readonly #route: LinkRoute;
  readonly #events: LinkEvents;
  readonly #outer: Socket;
  /** What carries requests: TLS within the tunnel is a socket of its own. */
  #socket: Socket;
  /** Reads the proxy's answer, until there is a tunnel. */
  #tunnelHead: HeadReader | undefined;
  #resume: () => void;
  /** The provider did not take our certificate, so that it has read nothing of a request either. */
  isRefused = false;

  constructor(route: LinkRoute, events: LinkEvents) {
    this.#route = route;
    this.#events = events;
    const { origin, proxy, tls } = route;
    const onread = {
      buffer: events.buffer,
      callback: (count: number, buffer: Uint8Array) => this.#read(buffer as Buffer, count),
    };
    const isTunnel = proxy !== undefined;
    const { hostname, port } = proxy ?? origin;
    const options: TcpNetConnectOpts = { ...reach(hostname, port), onread };
    const isSecure = !isTunnel && tls !== undefined;
    this.#outer = isSecure ? tls.connect(options) : tcpConnect(options);
    this.#socket = this.#outer;
    this.#resume = () => this.#socket.resume();
    this.#outer.once(isSecure ? 'secureConnect' : 'connect', () => {
      if (isTunnel) this.#askForTunnel(proxy);
      else events.ready(this.#socket);
    });
    this.#outer.on('error', (error) => this.#note(error));
    this.#outer.on('end', () => this.#ended(this.#outer));
    this.#outer.on('close', () => this.#closed(this.#outer));
  }

  /** An error has come already: nothing of a write that was made just now has left. */
  get isBroken(): boolean {
    return this.#socket.errored !== null || this.#socket.destroyed;
  }

  /** The first answer is over. */
  keepSession(): void {
    if (this.#socket instanceof TLSSocket) this.#route.tls?.keepSession(this.#socket);
  }

  resume(): void {
    this.#resume();
  }

  destroy(): void {
    this.#socket.destroy();
    this.#outer.destroy();
  }

  #note(error: NodeJS.ErrnoException): void {
    this.isRefused = refusals.test(error.code ?? '');
  }

  #ended(socket: Socket): void {
    if (socket === this.#socket) this.#events.ended();
  }

  #closed(socket: Socket): void {
    if (socket === this.#socket) this.#events.closed();
    else this.#socket.destroy();
  }

  #askForTunnel(proxy: TunnelProxy): void {
    this.#tunnelHead = new HeadReader(tunnelHeadBytesMax);
    this.#outer.write(connectHead(proxy, this.#route.origin), 'latin1');
  }

  #read(buffer: Buffer, count: number): boolean {
    if (this.#tunnelHead === undefined) return this.#events.read(buffer, count);
    const answer = this.#tunnelHead;
    let isWhole = false;
    try {
      isWhole = answer.read(buffer, 0, count) < count;
    } catch {
      isWhole = true; // Too much, or no HTTP at all: no head, no tunnel.
    }
    const status = answer.head?.status ?? 0;
    buffer.fill(0, 0, count);
    // Whoever speaks before it was asked is not the origin.
    const isOpen = !isWhole && status >= 200 && status < 300;
    if (isOpen) this.#enterTunnel();
    else if (isWhole || status !== 0) this.destroy();
    return isOpen || !(isWhole || status !== 0);
  }

  #enterTunnel(): void {
    this.#tunnelHead?.wipe();
    this.#tunnelHead = undefined;
    const { tls } = this.#route;
    if (tls === undefined) {
      this.#events.ready(this.#socket);
      return;
    }
    const inner = tls.connect({ socket: this.#outer });
    this.#socket = inner;
    inner.once('secureConnect', () => this.#events.ready(inner));
    inner.on('error', (error) => this.#note(error));
    inner.on('end', () => this.#ended(inner));
    inner.on('close', () => {
      this.#outer.destroy();
      this.#closed(inner);
    });
    this.#readFrom(inner);
  }

  /**
   * Node gives a socket over another one no buffers of ours (`onread`). Its own are as large as what they hold; taken
   * here, before the stream could keep any back, they can be overwritten like ours.
   */
  #readFrom(inner: Socket): void {
    const push = inner.push.bind(inner);
    inner.push = (chunk: unknown) =>
      Buffer.isBuffer(chunk) ? this.#events.read(chunk, chunk.length) : push(chunk);
    this.#resume = () => inner._read(0);
  }
}
