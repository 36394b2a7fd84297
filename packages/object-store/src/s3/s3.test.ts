import { describe, jest } from '@jest/globals';
import { type S3Credentials, s3Availability, startS3, startTcpProxy } from '@lethe/test-servers';
import type { ObjectStoreHarness } from '../contract/context.contract.js';
import { describeObjectStore } from '../contract/object-store.contract.js';
import { openObjectReader, openObjectWriter, type S3StoreConfig } from '../index.js';

jest.setTimeout(240_000);

const bucket = 'payload';
const readerActions = ['s3:GetObject', 's3:ListBucket', 's3:DeleteObject'];

const make = async (): Promise<ObjectStoreHarness> => {
  const proxy = await startTcpProxy();
  const server = await startS3({ proxy });
  if ('unavailable' in server) throw new Error(server.unavailable);
  await server.makeBucket(bucket);
  const { endpoint, region, ca } = server;
  const config = (credentials: S3Credentials, into = bucket): S3StoreConfig => ({
    kind: 's3',
    endpoint,
    region,
    bucket: into,
    tls: { ca },
    ...credentials,
  });
  const put = await server.credentials(bucket, ['s3:PutObject']);
  const read = await server.credentials(bucket, readerActions);
  const elsewhere = await server.credentials('nowhere', ['s3:PutObject']);
  return {
    writer: (options) => openObjectWriter(config(put), options),
    reader: () => openObjectReader(config(read)),
    readerOfWriter: () => openObjectReader(config(put)),
    writerOfReader: () => openObjectWriter(config(read)),
    stranger: () => openObjectWriter(config({ ...put, secretAccessKey: 'wrong' })),
    unprepared: () => openObjectWriter(config(elsewhere, 'nowhere')),
    secrets: [put, read].flatMap((each) => Object.values(each)),
    wire: {
      hold: () => proxy.holdClients(),
      release: () => proxy.releaseClients(),
      bytesFromClients: () => proxy.bytesFromClients(),
    },
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
    kill: () => server.kill(),
    restart: () => server.restart(),
    stop: async () => {
      await proxy.stop();
      await server.stop();
    },
  };
};

// Skipped only where Go is missing, which s3Availability says loudly and refuses in CI.
const withS3 = (await s3Availability()) ? describe.skip : describe;

withS3('with a real S3 server', () => describeObjectStore({ name: 'S3', make }));
