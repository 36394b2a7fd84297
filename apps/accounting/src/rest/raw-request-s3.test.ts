import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newUuidV7, type OrgId } from '@lethe/contracts';
import { type ObjectStoreConfig, openObjectReader, openObjectWriter } from '@lethe/object-store';
import { type S3Server, startS3 } from '@lethe/test-servers';
import { sealedRaw } from '../testing/object-store.contract.js';
import { type RestBench, startRestBench } from '../testing/rest-bench.contract.js';
import { sampleTelemetry, sealedSample, storedPayload } from '../testing/samples.contract.js';

const bucket = 'raw-requests';
const buildTimeoutMs = 1_600_000;
let server: S3Server | undefined;
let bench: RestBench | undefined;

beforeAll(async () => {
  const started = await startS3();
  // It says so loudly itself, and throws in CI.
  if ('unavailable' in started) return;
  server = started;
  await started.makeBucket(bucket);
}, buildTimeoutMs);
afterAll(async () => {
  await bench?.stop();
  await server?.stop();
}, 30_000);

const configFor = async (s3: S3Server, actions: readonly string[]): Promise<ObjectStoreConfig> => ({
  kind: 's3',
  endpoint: s3.endpoint,
  region: s3.region,
  bucket,
  tls: { ca: s3.ca },
  ...(await s3.credentials(bucket, actions)),
});

describe('raw requests in a real S3 store', () => {
  it('are read byte for byte; an object that was exchanged is refused', async () => {
    if (server === undefined) return;
    const writer = await openObjectWriter(await configFor(server, ['s3:PutObject']));
    const reader = await openObjectReader(
      await configFor(server, ['s3:GetObject', 's3:ListBucket', 's3:DeleteObject']),
    );
    bench = await startRestBench(reader);
    const orgId: OrgId = newUuidV7();
    const [apiKeyId, insightId] = [newUuidV7(), newUuidV7()];
    const to = await bench.openOrg(orgId);
    await bench.putKey(orgId, apiKeyId, true);
    const body = randomBytes(2_000_000);
    const { reference, ciphertext } = sealedRaw({ orgId, insightId, to }, body);
    try {
      await writer.put(reference.objectKey, ciphertext);
      await bench.store(sampleTelemetry({ orgId, apiKeyId, insightId }));
      const payload = sealedSample({ orgId, apiKeyId, insightId, to, said: 'x', rawRequest: reference });
      await bench.ingest([storedPayload(payload)]);
      const read = () =>
        bench?.as({ role: 'admin', orgId }, `/v1/requests/${insightId}/raw`) as Promise<Response>;
      expect(Buffer.from(await (await read()).arrayBuffer()).equals(body)).toBe(true);
      await reader.remove(reference.objectKey);
      expect((await read()).status).toBe(404);
      await writer.put(reference.objectKey, randomBytes(ciphertext.length));
      expect((await read()).status).toBe(404);
      expect(bench.rawRefusals).toEqual(['object_missing', 'object_not_authentic']);
    } finally {
      await Promise.all([writer.close(), reader.close()]);
    }
  }, 60_000);
});
