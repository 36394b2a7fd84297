import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { tilePath, tilesOfSize, verifyCheckpoint, verifyTiles } from '@lethe/transparency-log';
import { testOrigin, testSigner } from '../testing/running-log.contract.js';
import { type RestBench, startRestBench } from './rest-bench.contract.js';

jest.setTimeout(120_000);

const SIZE = 300;
const policy = { logVerifierKey: testSigner.verifierKey };
let bench: RestBench;

beforeAll(async () => {
  bench = await startRestBench();
  await Promise.all(Array.from({ length: SIZE }, () => bench.log.append()));
});
afterAll(() => bench.stop());

const readTile = async (path: string): Promise<Uint8Array | undefined> => {
  const response = await bench.get(`/${path}`, 'ops');
  return response.status === 200 ? new Uint8Array(await response.arrayBuffer()) : undefined;
};

describe('the log as files', () => {
  it('verifies as a whole, by whoever has the key, events included', async () => {
    const response = await bench.get('/checkpoint');
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('public, max-age=1');
    const checkpoint = verifyCheckpoint(await response.text(), policy);
    if (!checkpoint.ok) throw new Error(checkpoint.code);
    expect(checkpoint).toMatchObject({ origin: testOrigin, size: SIZE });
    let events = 0;
    const visitEntry = (): void => {
      events += 1;
    };
    expect(await verifyTiles({ readTile, checkpoint, visitEntry })).toEqual({ ok: true, size: SIZE });
    expect(events).toBe(SIZE);
    // Control: one byte of one tile.
    const spoiled = async (path: string) => {
      const bytes = await readTile(path);
      if (bytes !== undefined && path === 'tile/0/000') bytes[17] = (bytes[17] ?? 0) ^ 1;
      return bytes;
    };
    expect(await verifyTiles({ readTile: spoiled, checkpoint })).toMatchObject({ ok: false });
  });

  it('serves every tile of its size, for ever, and partial ones of sizes before', async () => {
    for (const tile of tilesOfSize(SIZE)) {
      const response = await bench.get(`/${tilePath(tile)}`);
      expect([response.status, (await response.arrayBuffer()).byteLength]).toEqual([200, tile.width * 32]);
      expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(response.headers.get('content-type')).toBe('application/octet-stream');
    }
    expect((await bench.get('/tile/0/000.p/7')).status).toBe(200);
  });

  it('answers HEAD, and 304 to who has it', async () => {
    for (const path of ['/checkpoint', '/tile/0/000']) {
      const whole = await bench.get(path);
      const etag = whole.headers.get('etag') ?? '';
      const head = await bench.request(path, { method: 'HEAD' });
      expect([head.status, head.headers.get('etag'), await head.text()]).toEqual([200, etag, '']);
      expect(head.headers.get('content-length')).toBe(whole.headers.get('content-length'));
      const again = await bench.get(path, undefined, { 'if-none-match': `"x", W/${etag}` });
      expect([again.status, await again.text()]).toEqual([304, '']);
      expect(again.headers.get('cache-control')).toBe(whole.headers.get('cache-control'));
      expect((await bench.get(path, undefined, { 'if-none-match': '"other"' })).status).toBe(200);
    }
  });

  it('lets no page of a browser read it', async () => {
    const response = await bench.get('/checkpoint', undefined, { origin: 'https://elsewhere.example' });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });

  it.each([
    '/tile',
    '/tile/',
    '/tile/0',
    '/tile/0/0',
    '/tile/0/00',
    '/tile/0/0000',
    '/tile/00/000',
    '/tile/0/000/',
    '/tile/0//000',
    '/tile/0/x000/000',
    '/tile/0/000.p/0',
    '/tile/0/000.p/00',
    '/tile/0/000.p/256',
    '/tile/0/000.p/07',
    '/tile/0/000.p/-1',
    '/tile/0/001.p/45',
    '/tile/0/001',
    '/tile/0/002',
    '/tile/0/x999/x999/x999/x999/999',
    '/tile/0/x999/x999/x999/x999/x999/x999/999',
    '/tile/1/001',
    '/tile/63/000',
    '/tile/64/000',
    '/tile/-1/000',
    '/tile/data/000',
    '/tile/0/%30%30%30',
    '/tile/0/000%2Ep/7',
    '/tile/0/..%2f000',
    '/tile/0/000%00',
    '/tile/0/%ff',
    '/tile/0/٠٠٠',
    '/checkpoint/',
    '/checkpoint/1',
    `/tile/0/${'9'.repeat(5000)}`,
  ])('has nothing at %s', async (path) => {
    const response = await bench.get(path, 'ops');
    expect(response.status).toBe(404);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toMatchObject({ error: { code: 'not_found', param: null } });
  });
});

describe('entries', () => {
  it('are for the operator alone', async () => {
    for (const path of ['/tile/entries/000', '/tile/entries/001.p/44', '/tile/entries/999']) {
      for (const as of [undefined, 'mine', 'auditor', 'member', 'someone'])
        expect((await bench.get(path, as)).status).toBe(401);
    }
    const response = await bench.get('/tile/entries/001.p/44', 'ops');
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
    expect((await bench.get('/tile/entries/999', 'ops')).status).toBe(404);
  });
});

describe('a log that may not be shown', () => {
  it('is away, and nothing of it is answered', async () => {
    await bench.database.server.kill();
    try {
      for (const path of ['/tile/0/000', '/tile/entries/000', '/v1/audit/events'])
        expect((await bench.get(path, 'ops')).status).toBe(503);
    } finally {
      await bench.database.server.restart();
    }
  });
});
