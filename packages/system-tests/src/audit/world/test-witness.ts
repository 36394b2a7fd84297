import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { makeCosigner } from '@lethe/transparency-log';

export interface TestWitness {
  readonly url: string;
  readonly verifierKey: string;
  close(): Promise<void>;
}

/** A witness that cosigns whatever it is shown: for a log that carries cosignatures, not for one that is held to them. */
export const startTestWitness = async (): Promise<TestWitness> => {
  const signer = makeCosigner('witness.lethe.test/w', randomBytes(32), () => Math.floor(Date.now() / 1_000));
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const sent = Buffer.concat(chunks).toString();
    const note = sent.slice(sent.indexOf('\n\n') + 2);
    const body = note.slice(0, note.indexOf('\n\n') + 1);
    const signature = Buffer.concat([Buffer.from(signer.keyId, 'hex'), signer.sign(body)]);
    response.end(`— ${signer.name} ${signature.toString('base64')}\n`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    verifierKey: signer.verifierKey,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
