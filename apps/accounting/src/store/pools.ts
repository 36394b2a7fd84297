import { postgresSocket } from '@lethe/service-kit';
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

const open = (url: string, max: number): postgres.Sql => {
  const options = {
    max,
    debug: false,
    onnotice: () => {},
    connect_timeout: connectTimeoutSeconds,
    backoff: (attempt: number) => Math.min(0.05 * 2 ** attempt, reconnectSecondsMax),
    connection: { application_name: 'lethe-accounting' },
    // The driver's types leave the option out.
    socket: postgresSocket,
  };
  return postgres(url, options);
};

/** Opens the pools; no connection is made before the first query. `close` waits a second for running ones. */
export const openPools = (urls: PoolUrls): Pools => {
  const pools = {
    telemetry: open(urls.telemetry, 2),
    payload: open(urls.payload, 2),
    read: open(urls.read, 8),
    control: open(urls.control, 4),
    leader: open(urls.control, 1),
  };
  return {
    ...pools,
    close: async () => {
      await Promise.all(Object.values(pools).map((pool) => pool.end({ timeout: closeTimeoutSeconds })));
    },
  };
};
