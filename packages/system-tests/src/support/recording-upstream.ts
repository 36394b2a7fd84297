import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it came in, byte for byte. */
export interface RecordedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** In their order, names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

export interface RecordingUpstream {
  readonly url: string;
  /** What came in since it was asked last, oldest first. */
  take(): RecordedRequest[];
  close(): Promise<void>;
}

const REQUESTS_MAX = 1_000;

const headersOf = ({ rawHeaders }: IncomingMessage): [string, string][] =>
  Array.from({ length: rawHeaders.length / 2 }, (_, at) => [
    (rawHeaders[2 * at] as string).toLowerCase(),
    rawHeaders[2 * at + 1] as string,
  ]);

/** Stands before another provider: notes each request and passes it on unchanged, and the answer likewise. */
export const startRecordingUpstream = async (provider: () => string): Promise<RecordingUpstream> => {
  let recorded: RecordedRequest[] = [];

  const passOn = async (incoming: IncomingMessage, res: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const { method = '', url = '', rawHeaders } = incoming;
    if (recorded.length < REQUESTS_MAX) recorded.push({ method, url, headers: headersOf(incoming), body });
    const outgoing = request(`${provider()}${url}`, { method, headers: rawHeaders });
    res.once('close', () => outgoing.destroy());
    outgoing.end(body);
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    res.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    answer.pipe(res);
  };

  const server = createServer((incoming, res) => {
    passOn(incoming, res).catch(() => res.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    take: () => {
      const taken = recorded;
      recorded = [];
      return taken;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
