import {
  type ObjectReader,
  ObjectStoreError,
  type ObjectWriter,
  openObjectReader,
  openObjectWriter,
  type S3StoreConfig,
} from '@lethe/object-store';

/** Whoever comes with an access key: what is tried with it, in turn, is to put an object, and what others do with one. */
export interface ObjectStoreTry {
  readonly config: S3StoreConfig;
  readonly key: string;
}

const wordOf = (error: unknown): string => (error instanceof ObjectStoreError ? error.code : 'UNKNOWN');

const told = (work: Promise<unknown>): Promise<string> => work.then(() => 'done', wordOf);

const firstBytes = async (reader: ObjectReader, key: string): Promise<void> => {
  for await (const _ of (await reader.read(key)) ?? []) return;
};

/** `action: done`, or the code of the refusal. */
export const tryObjectStore = async ({ config, key }: ObjectStoreTry): Promise<string[]> => {
  const writer: ObjectWriter = await openObjectWriter(config);
  const reader = await openObjectReader(config);
  const words = [
    `put: ${await told(writer.put(key, Buffer.from('sealed')))}`,
    `list: ${await told(reader.list({ limit: 10 }))}`,
    `stat: ${await told(reader.stat(key))}`,
    `read: ${await told(firstBytes(reader, key))}`,
    `remove: ${await told(reader.remove(key))}`,
  ];
  await Promise.all([writer.close(), reader.close()]);
  return words;
};
