import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { codeOf, newKey } from '../contract/context.contract.js';
import { openObjectReader, openObjectWriter, type S3StoreConfig } from '../index.js';

const canary = 'canary5c21';
const sayCanary = `<Error><Code>${canary}</Code><Message>${canary}</Message><Key>${canary}</Key></Error>`;

let server: Server;
let requests = 0;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** A server that answers as the test likes, once the whole request is there. */
const serve = async (answer: (response: ServerResponse) => void): Promise<S3StoreConfig> => {
  requests = 0;
  server = createServer((request: IncomingMessage, response) => {
    requests += 1;
    request.resume();
    request.on('end', () => answer(response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { kind: 's3', endpoint, region: 'r', bucket: 'payload', accessKeyId: 'a', secretAccessKey: 'b' };
};

const put = async (config: S3StoreConfig, putTimeoutMs = 5_000): Promise<unknown> => {
  const writer = await openObjectWriter(config, { putTimeoutMs });
  const outcome = await writer.put(newKey(), Buffer.from('x')).then(
    () => 'stored',
    (error: unknown) => error,
  );
  await writer.close();
  return outcome;
};

describe('a server that misbehaves', () => {
  it.each([
    [500, 'unavailable'],
    [503, 'unavailable'],
    [429, 'unavailable'],
    [504, 'timeout'],
    [507, 'full'],
    [413, 'object_too_large'],
    [403, 'denied'],
    [412, 'exists'],
    [301, 'unavailable'],
    [418, 'unavailable'],
  ])('gets one attempt, prints nothing, and its words go nowhere: %i', async (status, code) => {
    const printed = jest.spyOn(console, 'warn').mockImplementation(() => undefined);
    try {
      const error = await put(await serve((response) => response.writeHead(status).end(sayCanary)));
      expect(error).toMatchObject({ name: 'ObjectStoreError', code });
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(canary);
      expect(requests).toBe(1);
      expect(printed).not.toHaveBeenCalled();
    } finally {
      printed.mockRestore();
    }
  });

  it('is not believed when it names a code of ours', async () => {
    const answer = '<Error><Code>constructor</Code></Error>';
    const error = await put(await serve((response) => response.writeHead(400).end(answer)));
    expect(error).toMatchObject({ code: 'unavailable' });
  });

  it('cannot make the client hold an endless answer', async () => {
    let sentBytes = 0;
    const config = await serve((response) => {
      response.writeHead(400);
      const more = (): void => {
        if (response.destroyed) return;
        sentBytes += 65_536;
        response.write(Buffer.alloc(65_536, ' '), () => setImmediate(more));
      };
      more();
    });
    expect(await put(config, 20_000)).toMatchObject({ code: 'unavailable' });
    expect(sentBytes).toBeLessThan(64 * 1_048_576);
  });

  it('cannot hold a put that it never answers, or answers in part', async () => {
    expect(await put(await serve(() => undefined), 300)).toMatchObject({ code: 'timeout' });
    server.closeAllConnections();
    server.close();
    const half = await serve((response) => response.writeHead(200, { 'content-length': 10 }).write('x'));
    expect(await put(half, 300)).toMatchObject({ code: 'timeout' });
  });

  it.each([
    ['less than announced', { 'content-length': '10' }, 'truncated'],
    ['no length', {}, 'truncated'],
  ])('that gives %s has given no object', async (_, headers, code) => {
    const config = await serve((response) => {
      response.writeHead(200, headers);
      response.write('12345', () => setTimeout(() => response.destroy(), 20));
    });
    const reader = await openObjectReader(config);
    const read = async (): Promise<void> => {
      for await (const piece of (await reader.read('key')) ?? []) expect(piece.toString()).toBe('12345');
    };
    expect(await codeOf(read())).toBe(code);
    await reader.close();
  });

  it('must be named by an address that is one', async () => {
    const rest = {
      kind: 's3',
      region: 'r',
      bucket: 'payload',
      accessKeyId: 'a',
      secretAccessKey: 'b',
    } as const;
    for (const endpoint of [
      '',
      'ftp://host',
      'https://host/path',
      'https://user@host',
      'host:9000',
      `${canary}`,
    ])
      expect(await codeOf(openObjectWriter({ ...rest, endpoint }))).toBe('unavailable');
  });
});
