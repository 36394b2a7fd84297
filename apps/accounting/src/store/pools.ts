import { type DatabaseTls, postgresSocket } from '@lethe/service-kit';
import postgres from 'postgres';

/** One pool for each database role: the telemetry path holds no connection that could write payload. */
export interface Pools {
  readonly telemetry: postgres.Sql;
  readonly payload: postgres.Sql;
  readonly read: postgres.Sql;
  readonly control: postgres.Sql;
  /** One connection of the control role: whoever leads the outbox holds its lock in this session. */
  readonly leader: postgres.Sql;
  close(): Promise<void>;
}

export interface PoolUrls {
  readonly telemetry: string;
  readonly payload: string;
  readonly read: string;
  readonly control: string;
}

const connectTimeoutSeconds = 5;
const reconnectSecondsMax = 1;
const closeTimeoutSeconds = 1;

const open = (url: string, tls: DatabaseTls | undefined, max: number): postgres.Sql => {
  const options = {
    max,
    debug: false,
    onnotice: () => {},
    connect_timeout: connectTimeoutSeconds,
    backoff: (attempt: number) => Math.min(0.05 * 2 ** attempt, reconnectSecondsMax),
    connection: { application_name: 'lethe-accounting' },
    ...postgresSocket(tls),
  };
  return postgres(url, options);
};

/**
 * Opens the pools, over TLS where an authority is given; no connection is made before the first query. `close` waits a
 * second for running ones.
 */
export const openPools = (
  urls: PoolUrls,
  tls: { readonly [Name in keyof PoolUrls]?: DatabaseTls | undefined } = {},
): Pools => {
  const pools = {
    telemetry: open(urls.telemetry, tls.telemetry, 2),
    payload: open(urls.payload, tls.payload, 2),
    read: open(urls.read, tls.read, 8),
    control: open(urls.control, tls.control, 4),
    leader: open(urls.control, tls.control, 1),
  };
  return {
    ...pools,
    close: async () => {
      await Promise.all(Object.values(pools).map((pool) => pool.end({ timeout: closeTimeoutSeconds })));
    },
  };
};
