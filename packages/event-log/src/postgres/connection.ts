import { type OneConnection, openOneConnection } from '@lethe/service-kit';
import postgres from 'postgres';
import type { PostgresLogConfig } from '../config.js';
import { EventLogError } from '../port.js';

export type Connection = OneConnection<postgres.Sql>;

interface ConnectionOptions {
  readonly mayWrite?: (() => boolean) | undefined;
  readonly onNotify?: () => void;
}

/** Prepares a connection to the log's database. Throws EventLogError when the URL cannot be read. */
export const openConnection = (
  { url, tls }: Pick<PostgresLogConfig, 'url' | 'tls'>,
  options: ConnectionOptions = {},
): Connection =>
  openOneConnection({
    ...options,
    applicationName: 'lethe-event-log',
    tls,
    refusal: () => new EventLogError('unavailable'),
    open: (settings) => postgres(url, settings),
  });
