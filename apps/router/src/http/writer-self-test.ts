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
/** Bodies of known length and not, pipelined; without a body; from a caller that cannot read chunks, which closes. */
const requests = [
  `GET /length HTTP/1.1\r\n${head}\r\nGET /pieces HTTP/1.1\r\n${head}\r\nGET /length HTTP/1.1\r\n${head}\r\n`,
  `HEAD /pieces HTTP/1.1\r\n${head}\r\n`,
  `GET /empty HTTP/1.1\r\n${head}\r\nGET /pieces HTTP/1.0\r\n${head}\r\n`,
].join('');
const answers = 6;

const answer = (writer: ResponseWriter, path: string): void => {
  const pieces = path === '/pieces' ? ['first', 'second'] : path === '/length' ? ['whole'] : [];
  for (const piece of pieces) {
    const bytes = Buffer.from(piece);
    writer.write(bytes, 0, bytes.length, () => undefined);
  }
  writer.end();
};

/** Everything that a connection receives whose requests are answered by one kind of writer. */
const receivedFrom = (create: (options: WriterOptions) => ResponseWriter): Promise<string> =>
  new Promise((resolve) => {
    const connection = new MemoryConnection();
    let finished = 0;
    const server = createServer({ keepAliveTimeout: 5_000 }, (req, res: ServerResponse) => {
      res.sendDate = false;
      const path = req.url ?? '';
      const headers = path === '/length' ? ['content-length', '5'] : [];
      res.on('finish', () => {
        finished++;
      });
      answer(create({ res, status: 200, headers, onDrain: () => undefined }), path);
    });
    const end = (): void => {
      clearTimeout(giveUp);
      connection.destroy();
      server.close();
      resolve(`${finished} ${connection.received}`);
    };
    const giveUp = setTimeout(end, patienceMs);
    connection.once('finish', end);
    connection.once('close', end);
    server.emit('connection', connection);
    connection.push(Buffer.from(requests, 'latin1'));
  });

/**
 * True when writing to sockets ourselves gives, byte for byte, what Node's public interface gives on this version of
 * Node. Takes some milliseconds; never rejects.
 */
export const writesAsNodeDoes = async (): Promise<boolean> => {
  try {
    const byNode = await receivedFrom((options) => new PublicWriter(options));
    const byUs = await receivedFrom((options) => new SocketWriter(options));
    return byNode === byUs && byNode.startsWith(`${answers} HTTP/1.1 200 OK\r\n`);
  } catch {
    return false;
  }
};
