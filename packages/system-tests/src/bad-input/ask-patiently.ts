import { type Agent, type IncomingHttpHeaders, request } from 'node:http';

/** An answer as far as it came. */
export interface SeenAnswer {
  /** 0 when not even a head came. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** `broken`: the connection ended first. `left`: we did not wait for the end. */
  readonly end: 'whole' | 'broken' | 'left';
}

export interface Question {
  readonly url: string;
  readonly key: string;
  readonly body: string;
  /** Leaves when nothing has ended by then. */
  readonly patienceMs: number;
  readonly agent: Agent;
}

/** Asks once and takes whatever comes; never rejects. */
export const askPatiently = ({ url, key, body, patienceMs, agent }: Question): Promise<SeenAnswer> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let status = 0;
    let headers: IncomingHttpHeaders = {};
    let left = false;
    const outgoing = request(url, {
      method: 'POST',
      agent,
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      },
    });
    const timer = setTimeout(() => {
      left = true;
      outgoing.destroy();
    }, patienceMs);
    const done = (whole: boolean): void => {
      clearTimeout(timer);
      const end = left ? 'left' : whole ? 'whole' : 'broken';
      resolve({ status, headers, body: Buffer.concat(chunks).toString(), end });
    };
    outgoing.on('response', (response) => {
      status = response.statusCode ?? 0;
      headers = response.headers;
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', () => undefined);
      response.on('close', () => done(response.complete));
    });
    outgoing.on('error', () => {
      if (status === 0) done(false);
    });
    outgoing.end(body);
  });
