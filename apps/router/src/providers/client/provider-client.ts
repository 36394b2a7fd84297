import type { CoarseTimer } from '@lethe/service-kit';
import { type ProviderClient, UpstreamError, type UpstreamLimits, type UpstreamResponse } from '../types.js';
import { decoded } from './decoded-response.js';
import { Exchange } from './exchange.js';
import { parseOrigin } from './origin.js';
import { OriginPool } from './origin-pool.js';
import { ReadBuffers } from './read-buffers.js';
import { requestHead } from './request-head.js';

interface ProviderClientOptions {
  readonly limits: UpstreamLimits;
  readonly connectionsPerOriginMax: number;
  readonly timer: CoarseTimer;
}

/** Origins come from the configuration; more of them than this are a fault of it. */
const originsMax = 1_024;

/**
 * HTTP/1.1 over TCP or TLS, for provider calls. Content is only ever in Buffers, which are overwritten after use. It
 * follows no redirects and repeats a request by itself only when nothing of it can have reached the provider.
 */
export const createProviderClient = (options: ProviderClientOptions): ProviderClient => {
  const { limits, timer } = options;
  const pools = new Map<string, { readonly pool: OriginPool; readonly host: string }>();
  const buffers = new ReadBuffers();
  let closed = false;

  const poolOf = (originText: string): { readonly pool: OriginPool; readonly host: string } => {
    const known = pools.get(originText);
    if (known !== undefined) return known;
    const origin = parseOrigin(originText);
    if (closed || origin === undefined || pools.size === originsMax)
      throw new UpstreamError('unreachable', false);
    const pool = new OriginPool(origin, {
      headBytesMax: limits.headBytesMax,
      connectionsMax: options.connectionsPerOriginMax,
      timer,
      buffers,
    });
    const made = { pool, host: origin.host };
    pools.set(originText, made);
    return made;
  };

  return {
    async send(target, body, accept, onAbort) {
      const { pool, host } = poolOf(target.origin);
      const head = requestHead(target, host, accept, body.bytesTotal);
      const response = await new Promise<UpstreamResponse>((resolve, reject) => {
        const exchange = new Exchange({
          head,
          body,
          limits,
          timer,
          buffers,
          resolve,
          reject,
          leaveQueue: (waiter) => pool.leave(waiter),
        });
        onAbort(() => exchange.abort());
        if (!exchange.over) pool.run(exchange);
      });
      return decoded(response);
    },
    close() {
      closed = true;
      for (const { pool } of pools.values()) pool.close();
      pools.clear();
    },
  };
};
