import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  makeCosigner,
  type NoteSigner,
  type TreeHead,
  verifyCheckpoint,
  verifyConsistency,
} from '@lethe/transparency-log';

/** A witness by the letter of c2sp.org/tlog-witness, made of the verifying half of the log's package alone. */
export interface TestWitness {
  readonly url: string;
  readonly verifierKey: string;
  /** What it cosigned last. */
  readonly seen: TreeHead | undefined;
  /** Statuses it answered. */
  readonly answered: number[];
  /** Most requests it had at once. */
  readonly atOnceMax: number;
  /** What it does instead of its duty until told otherwise. */
  misbehave(how: 'not_at_all' | 'hangs' | 'signs_nonsense' | 'answers_garbage'): void;
  /** Forgets what it saw, or believes to have seen something else. */
  believe(head: TreeHead | undefined): void;
  stop(): Promise<void>;
}

const readBody = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
};

interface Request {
  readonly oldSize: number;
  readonly proof: readonly Buffer[];
  readonly checkpoint: string;
}

const parseRequest = (text: string): Request => {
  const at = text.indexOf('\n\n');
  const [old = '', ...proof] = text.slice(0, at).split('\n');
  return {
    oldSize: Number(old.replace(/^old /, '')),
    proof: proof.map((line) => Buffer.from(line, 'base64')),
    checkpoint: text.slice(at + 2),
  };
};

type Answer = readonly [status: number, body: string, contentType?: string];

const cosignatureOf = (signer: NoteSigner, body: string): string => {
  const bytes = Buffer.concat([Buffer.from(signer.keyId, 'hex'), signer.sign(body)]);
  return `— ${signer.name} ${bytes.toString('base64')}\n`;
};

/** Starts a witness that knows one log. */
export const startTestWitness = async (name: string, logVerifierKey: string): Promise<TestWitness> => {
  const signer = makeCosigner(name, Buffer.alloc(32, name.length), () => Math.floor(Date.now() / 1000));
  let seen: TreeHead | undefined;
  let how: Parameters<TestWitness['misbehave']>[0] = 'not_at_all';
  let atOnce = 0;
  let atOnceMax = 0;
  const answered: number[] = [];

  const judge = ({ oldSize, proof, checkpoint }: Request): Answer => {
    const head = verifyCheckpoint(checkpoint, { logVerifierKey });
    if (!head.ok) return [403, ''];
    if (oldSize > head.size) return [400, ''];
    if (oldSize !== (seen?.size ?? 0)) return [409, `${seen?.size ?? 0}\n`, 'text/x.tlog.size'];
    if (seen?.size === head.size && !Buffer.from(seen.root).equals(head.root)) return [409, ''];
    if (seen !== undefined && !verifyConsistency(seen, head, proof).ok) return [422, ''];
    seen = { size: head.size, root: head.root };
    return [200, cosignatureOf(signer, checkpoint.slice(0, checkpoint.indexOf('\n\n') + 1))];
  };

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    atOnce += 1;
    atOnceMax = Math.max(atOnceMax, atOnce);
    const answer = ([status, body, contentType = 'text/plain']: Answer): void => {
      answered.push(status);
      response.writeHead(status, { 'content-type': contentType }).end(body);
    };
    void readBody(request)
      .then((text) => {
        if (how === 'hangs') return;
        if (how === 'answers_garbage') answer([200, 'garbage\n']);
        else if (how === 'signs_nonsense') answer([200, cosignatureOf(signer, 'nonsense\n')]);
        else answer(judge(parseRequest(text)));
      })
      .finally(() => {
        atOnce -= 1;
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');

  return {
    url: `http://127.0.0.1:${address.port}/witness/`,
    verifierKey: signer.verifierKey,
    get seen() {
      return seen;
    },
    answered,
    get atOnceMax() {
      return atOnceMax;
    },
    misbehave: (next) => {
      how = next;
      // A request that hangs is ended, as a witness that restarts would.
      server.closeAllConnections();
    },
    believe: (head) => {
      seen = head;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
