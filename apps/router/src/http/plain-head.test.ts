import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { writePlainHead } from './plain-head.js';
import { Scratch } from './scratch.js';

interface Tried {
  readonly isWritten: boolean;
  readonly text: string;
}

/** What becomes of a head for an answer to this request. */
const tried = (request: string, status: number, headers: readonly string[]): Promise<Tried> =>
  new Promise((resolve) => {
    const server = createServer((_incoming, res) => {
      const scratch = new Scratch();
      const isWritten = writePlainHead(scratch, res, status, headers);
      resolve({ isWritten, text: scratch.view.toString('latin1') });
      res.destroy();
      server.close();
    });
    server.listen(0, '127.0.0.1', () => {
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(`${request}\r\nhost: x\r\n\r\n`);
    });
  });

const get = 'GET / HTTP/1.1';
const plain = ['x-a', 'b', 'content-length', '5'];

describe('the head of a plain answer', () => {
  it('is written without Node, with a length or in chunks', async () => {
    const whole = await tried(get, 200, plain);
    expect(whole.isWritten).toBe(true);
    expect(whole.text).toMatch(/^HTTP\/1\.1 200 OK\r\nx-a: b\r\ncontent-length: 5\r\nDate: .*\r\n\r\n$/s);
    expect(whole.text).not.toContain('chunked');
    expect((await tried(get, 206, ['x-a', 'b'])).text).toContain('\r\nTransfer-Encoding: chunked\r\n\r\n');
  });

  it.each([
    ['without a body', 'HEAD / HTTP/1.1', 200, plain],
    ['of a status that has none', get, 204, plain],
    ['to a caller that cannot read chunks', 'GET / HTTP/1.0', 200, plain],
    ['on a connection that closes', `${get}\r\nconnection: close`, 200, plain],
    ['with a header that decides about the connection', get, 200, ['connection', 'close']],
    ['with a value that Node would refuse', get, 200, ['x-a', 'b\r\nx-b: c']],
    ['with a value beyond ASCII', get, 200, ['x-a', 'caf\u00e9']],
    ['that is too long', get, 200, ['x-a', 'b'.repeat(Scratch.bytesMax)]],
  ])('is left to Node %s', async (_what, request, status, headers) => {
    expect(await tried(request, status, headers)).toEqual({ isWritten: false, text: '' });
  });
});
