import { createServer, type ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
import { PublicWriter, type ResponseWriter, type WriterOptions } from './response-writer.js';
import { SocketWriter } from './socket-writer.js';

const patienceMs = 2_000;

/** The connection of a caller that exists only in memory. */
class MemoryConnection extends Duplex {
  received = '';

  override _read(): void {
    // Whatever is asked is pushed at once.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.received += chunk.toString('latin1');
    done();
  }
}

const head = 'host: self-test\r\n';
/**
 * Bodies of known length and not, pipelined; without a body; from callers that ask to close, and that cannot read
 * chunks, who keep the connection or not. One text for each connection.
 */
const requests = [
  [
    `GET /length HTTP/1.1\r\n${head}\r\nGET /pieces HTTP/1.1\r\n${head}\r\nGET /length HTTP/1.1\r\n${head}\r\n`,
    `HEAD /pieces HTTP/1.1\r\n${head}\r\nHEAD /length HTTP/1.1\r\n${head}\r\n`,
    `GET /empty HTTP/1.1\r\n${head}\r\nGET /gone HTTP/1.1\r\n${head}\r\nGET /odd HTTP/1.1\r\n${head}\r\n`,
    `GET /length HTTP/1.0\r\n${head}connection: keep-alive\r\n\r\nGET /pieces HTTP/1.0\r\n${head}\r\n`,
  ].join(''),
  `GET /length HTTP/1.1\r\n${head}connection: close\r\n\r\n`,
  `GET /pieces HTTP/1.1\r\n${head}connection: close\r\n\r\n`,
  `GET /closes HTTP/1.1\r\n${head}\r\n`,
];
const statusOf: Readonly<Record<string, number>> = { '/pieces': 201, '/gone': 204 };
const headersOf: Readonly<Record<string, readonly string[]>> = {
  '/length': ['content-type', 'text/plain', 'content-length', '5'],
  '/odd': ['x-odd', 'caf\u00e9'],
  '/closes': ['connection', 'close'],
};
/** Two answers may be written a second apart. */
const date = /\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/g;

const answer = (writer: ResponseWriter, path: string): void => {
  const pieces = path === '/pieces' ? ['first', 'second'] : path === '/length' ? ['whole'] : [];
  for (const piece of pieces) {
    const bytes = Buffer.from(piece);
    writer.write(bytes, 0, bytes.length, () => undefined);
  }
  writer.end();
};

type CreateWriter = (options: WriterOptions) => ResponseWriter;

/** Everything that a connection receives whose requests are answered by one kind of writer. */
const receivedFrom = (create: CreateWriter, asked: string): Promise<string> =>
  new Promise((resolve) => {
    const connection = new MemoryConnection();
    let finished = 0;
    const server = createServer({ keepAliveTimeout: 5_000 }, (req, res: ServerResponse) => {
      const path = req.url ?? '';
      const headers = headersOf[path] ?? [];
      res.on('finish', () => {
        finished++;
      });
      answer(create({ res, status: statusOf[path] ?? 200, headers, onDrain: () => undefined }), path);
    });
    const end = (): void => {
      clearTimeout(giveUp);
      connection.destroy();
      server.close();
      resolve(`${finished} ${connection.received.replace(date, '\r\nDate: now\r\n')}`);
    };
    const giveUp = setTimeout(end, patienceMs);
    connection.once('finish', end);
    connection.once('close', end);
    server.emit('connection', connection);
    connection.push(Buffer.from(asked, 'latin1'));
  });

/**
 * True when writing to sockets ourselves gives, byte for byte, what Node's public interface gives on this version of
 * Node. Takes some milliseconds; never rejects.
 */
export const writesAsNodeDoes = async (): Promise<boolean> => {
  try {
    const byAll = (create: CreateWriter) => Promise.all(requests.map((asked) => receivedFrom(create, asked)));
    const byNode = await byAll((options) => new PublicWriter(options));
    const byUs = await byAll((options) => new SocketWriter(options));
    return requests.every((asked, at) => {
      const answers = asked.split(' HTTP/1.').length - 1;
      return byNode[at] === byUs[at] && byNode[at]?.startsWith(`${answers} HTTP/1.1 20`) === true;
    });
  } catch {
    return false;
  }
};
