import { type OneConnection, openOneConnection } from '@lethe/service-kit';
import postgres from 'postgres';
import type { PostgresStoreConfig } from '../config.js';
import { ObjectStoreError } from '../port.js';

export type Connection = OneConnection<postgres.Sql>;

/** Prepares a connection to the store's database. Throws ObjectStoreError when the URL cannot be read. */
export const openConnection = (
  { url, tls }: Pick<PostgresStoreConfig, 'url' | 'tls'>,
  mayWrite?: () => boolean,
): Connection =>
  openOneConnection({
    applicationName: 'lethe-object-store',
    tls,
    mayWrite,
    refusal: () => new ObjectStoreError('unavailable'),
    open: (settings) => postgres(url, settings),
  });
