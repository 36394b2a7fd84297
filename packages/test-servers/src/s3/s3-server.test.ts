import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { buildGoProgram } from '../go/go-programs.js';
import { type S3Server, s3Availability, startS3 } from './s3-server.js';

jest.setTimeout(240_000);

// Skipped only where Go is missing, which s3Availability says loudly and refuses in CI.
const withS3 = (await s3Availability()) ? describe.skip : describe;

const names = async (server: S3Server): Promise<string[]> =>
  (await server.root.listBuckets()).map(({ name }) => name);

withS3('startS3', () => {
  let server: S3Server;
  beforeAll(async () => {
    const started = await startS3();
    if ('unavailable' in started) throw new Error(started.unavailable);
    server = started;
  });
  afterAll(() => server?.stop());

  it('keeps its buckets over a kill', async () => {
    await server.makeBucket('kept');
    await server.kill();
    await expect(names(server)).rejects.toThrow();
    await server.restart();
    expect(await names(server)).toContain('kept');
  });

  it('locks what is in a bucket that locks, against everybody', async () => {
    await server.makeBucket('locked', { lockedDays: 1 });
    await server.makeBucket('open');
    for (const bucket of ['locked', 'open']) await server.root.putObject(bucket, 'x', 'once');
    const { versionId } = await server.root.statObject('locked', 'x');
    expect(versionId).toEqual(expect.any(String));
    const options = { versionId: versionId ?? '', governanceBypass: true };
    await expect(server.root.removeObject('locked', 'x', options)).rejects.toThrow('WORM protected');
    // The control: the same user removes the same thing where nothing is locked.
    await server.root.removeObject('open', 'x');
    await expect(server.root.statObject('open', 'x')).rejects.toThrow();
  });

  it('leaves no process that answers when stopped', async () => {
    const other = await startS3();
    if ('unavailable' in other) throw new Error(other.unavailable);
    expect(await names(other)).toEqual([]);
    await other.stop();
    await expect(names(other)).rejects.toThrow();
  });
});

it('refuses to skip in CI', async () => {
  const { CI, PATH } = process.env;
  const said: string[] = [];
  const stderr = jest
    .spyOn(process.stderr, 'write')
    .mockImplementation((text) => said.push(String(text)) > 0);
  const program = { module: 'packages/test-servers/servers/minio', name: 'never-built', required: true };
  try {
    process.env.PATH = '/nowhere';
    process.env.CI = 'true';
    await expect(buildGoProgram(program)).rejects.toThrow('required in CI');
    process.env.CI = 'false';
    expect(await buildGoProgram(program)).toEqual({ unavailable: expect.any(String) });
    expect(said.join('')).toContain('NO NEVER-BUILT ON THIS MACHINE');
  } finally {
    stderr.mockRestore();
    process.env.PATH = PATH;
    if (CI === undefined) delete process.env.CI;
    else process.env.CI = CI;
  }
});
