import { createHash } from 'node:crypto';
import type { CoarseTimer } from '@lethe/service-kit';
import {
  type ProviderClient,
  UpstreamError,
  type UpstreamLimits,
  type UpstreamRoute,
  type UpstreamTarget,
} from '../types.js';
import { ByteBuffers } from './byte-buffers.js';
import { Exchange, type ExchangeSetting } from './exchange.js';
import { parseOrigin } from './origin.js';
import { OriginPool } from './origin-pool.js';
import { parseProxy } from './proxy.js';
import { type HeadFrame, headFrame } from './request-head.js';
import { writeBufferBytes } from './request-writer.js';
import { TlsChannel } from './tls-channel.js';

interface ProviderClientOptions {
  readonly limits: UpstreamLimits;
  readonly connectionsPerOriginMax: number;
  readonly timer: CoarseTimer;
  /** Connections older than this are not used again. Default: five minutes. */
  readonly connectionMsMax?: number;
}

/** A pool, and what it was made of. */
interface Destination {
  readonly key: string;
  readonly host: string;
  readonly pool: OriginPool;
  readonly setting: ExchangeSetting;
}

/** Origins come from the configuration; more of them than this at once are a fault of it. */
const destinationsMax = 1_024;
const connectionMsMaxDefault = 300_000;
const readBufferBytes = 32 * 1024;

/** Stands for a route among keys, without its secrets. */
const routeKey = (route: UpstreamRoute): string => {
  const parts = [
    route.proxyUrl?.reveal(),
    route.caCertificatesPem,
    route.clientCertificatePem,
    route.clientPrivateKeyPem?.reveal(),
  ].map((part) => part ?? null);
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
};

class Destinations {
  readonly #options: ProviderClientOptions;
  readonly #known = new Map<string, Destination>();
  readonly #prepared = new WeakMap<UpstreamTarget, { readonly to: Destination; readonly frame: HeadFrame }>();
  readonly #routeKeys = new WeakMap<UpstreamRoute, string>();
  readonly #readBuffers = new ByteBuffers(readBufferBytes);
  readonly #writeBuffers = new ByteBuffers(writeBufferBytes);
  #closed = false;

  constructor(options: ProviderClientOptions) {
    this.#options = options;
  }

  /** Throws UpstreamError when the target cannot be one. */
  of(target: UpstreamTarget): { readonly to: Destination; readonly frame: HeadFrame } {
    const prepared = this.#prepared.get(target);
    if (prepared !== undefined && this.#known.get(prepared.to.key) === prepared.to) return prepared;
    const key = this.#keyOf(target);
    const to = this.#known.get(key) ?? this.#make(key, target);
    const made = { to, frame: headFrame(target, to.host) };
    this.#prepared.set(target, made);
    return made;
  }

  close(): void {
    this.#closed = true;
    for (const { pool } of this.#known.values()) pool.close();
    this.#known.clear();
  }

  /** Connections are shared by whoever has the same origin and the same route. */
  #keyOf({ origin, route }: UpstreamTarget): string {
    if (route === undefined) return origin;
    const known = this.#routeKeys.get(route) ?? routeKey(route);
    this.#routeKeys.set(route, known);
    return `${origin} ${known}`;
  }

  #make(key: string, { origin: text, route }: UpstreamTarget): Destination {
    const origin = parseOrigin(text);
    const proxy = route?.proxyUrl === undefined ? undefined : parseProxy(route.proxyUrl);
    const isProxyBroken = route?.proxyUrl !== undefined && proxy === undefined;
    if (this.#closed || origin === undefined || isProxyBroken || !this.#hasPlace())
      throw new UpstreamError('unreachable', false);
    const {
      limits,
      timer,
      connectionsPerOriginMax,
      connectionMsMax = connectionMsMaxDefault,
    } = this.#options;
    const tls = origin.secure ? new TlsChannel(origin, route) : undefined;
    const pool = new OriginPool({
      route: { origin, proxy, tls },
      headBytesMax: limits.headBytesMax,
      connectionsMax: connectionsPerOriginMax,
      connectionMsMax,
      timer,
      readBuffers: this.#readBuffers,
      writeBuffers: this.#writeBuffers,
    });
    const setting: ExchangeSetting = {
      limits,
      timer,
      readBuffers: this.#readBuffers,
      leaveQueue: (waiter) => pool.leave(waiter),
    };
    const made = { key, host: origin.host, pool, setting };
    this.#known.set(key, made);
    return made;
  }

  /** Forgets destinations that nobody uses when there are too many: accounts change, and routes with them. */
  #hasPlace(): boolean {
    if (this.#known.size < destinationsMax) return true;
    for (const [key, { pool }] of this.#known) if (pool.isUnused) this.#known.delete(key);
    return this.#known.size < destinationsMax;
  }
}

/**
 * HTTP/1.1 over TCP or TLS, for provider calls. Content is only ever in Buffers, which are overwritten after use. It
 * follows no redirects and repeats a request by itself only when nothing of it can have reached the provider.
 */
export const createProviderClient = (options: ProviderClientOptions): ProviderClient => {
  const destinations = new Destinations(options);
  return {
    send: (target, body, accept, onAbort) =>
      new Promise((resolve, reject) => {
        // What throws in here rejects.
        const { to, frame } = destinations.of(target);
        const exchange = new Exchange(to.setting, { head: frame[accept], body, resolve, reject });
        onAbort(() => exchange.abort());
        if (!exchange.over) to.pool.run(exchange);
      }),
    close: () => destinations.close(),
  };
};
