import type { ObjectStoreConfig, S3StoreConfig } from './config.js';
import type { LockedStore, ObjectReader, ObjectWriter, WriterOptions } from './port.js';

export type { ObjectStoreConfig, PostgresStoreConfig, S3StoreConfig } from './config.js';
export {
  isObjectKey,
  type KeptObject,
  type LockedStore,
  type ObjectInfo,
  type ObjectReader,
  ObjectStoreError,
  type ObjectStoreErrorCode,
  type ObjectWriter,
  objectBytesMax,
  type WriterOptions,
} from './port.js';

/** Connects with the first put. Loads only the driver that the configuration names. */
export const openObjectWriter = async (
  config: ObjectStoreConfig,
  options: WriterOptions = {},
): Promise<ObjectWriter> => {
  if (config.kind === 's3') return (await import('./s3/writer.js')).openS3Writer(config, options);
  return (await import('./postgres/writer.js')).openPostgresWriter(config, options);
};

/** Connects with the first call. Loads only the driver that the configuration names. */
export const openObjectReader = async (config: ObjectStoreConfig): Promise<ObjectReader> => {
  if (config.kind === 's3') return (await import('./s3/reader.js')).openS3Reader(config);
  return (await import('./postgres/reader.js')).openPostgresReader(config);
};

/** Connects with the first call. Only S3 has such buckets. */
export const openLockedStore = async (config: S3StoreConfig): Promise<LockedStore> =>
  (await import('./s3/locked-store.js')).openLockedStore(config);
