import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** A server that answers like audit's REST face; `answer` decides, and may change between two questions. */
export class RestServer {
  readonly asked: { readonly url: string; readonly token: string | undefined }[] = [];
  answer: (url: URL) => Answer | 'break off' = () => ({ status: 404, body: '' });
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      this.asked.push({
        url: request.url ?? '',
        token: request.headers.authorization?.replace(/^Bearer /, ''),
      });
      const answer = this.answer(new URL(request.url ?? '', 'http://host'));
      if (answer === 'break off') {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('{"checkpoint":', () => response.destroy());
        return;
      }
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      response.end(answer.body);
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
