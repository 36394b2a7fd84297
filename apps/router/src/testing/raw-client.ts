import { connect, type Socket } from 'node:net';

/** One HTTP/1.1 answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const head = /^HTTP\/1\.1 (\d{3})[^\r]*\r\n((?:[^\r]+\r\n)*)\r\n/;

const chunkedBody = (text: string): { body: string; rest: string } | undefined => {
  let body = '';
  let rest = text;
  for (;;) {
    const size = /^([0-9a-f]+)\r\n/i.exec(rest);
    if (size === null) return undefined;
    const bytes = Number.parseInt(size[1] as string, 16);
    const end = size[0].length + bytes + 2;
    if (rest.length < end) return undefined;
    body += rest.slice(size[0].length, end - 2);
    rest = rest.slice(end);
    if (bytes === 0) return { body, rest };
  }
};

/** For tests: the whole answers in what a server sent (ASCII). Informational ones are answers too. */
export const answersIn = (received: string, closed: boolean): { answers: RawAnswer[]; rest: string } => {
  const answers: RawAnswer[] = [];
  let rest = received;
  for (;;) {
    const found = head.exec(rest);
    if (found === null) return { answers, rest };
    const lines = (found[2] as string).split('\r\n').filter((line) => line !== '');
    const headers = Object.fromEntries(
      lines.map((line) => [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        line.slice(line.indexOf(':') + 1).trim(),
      ]),
    );
    const status = Number(found[1]);
    const after = rest.slice(found[0].length);
    const length = status < 200 || status === 204 ? '0' : headers['content-length'];
    if (headers['transfer-encoding'] === 'chunked') {
      const chunked = chunkedBody(after);
      if (chunked === undefined) return { answers, rest };
      answers.push({ status, headers, body: chunked.body });
      rest = chunked.rest;
    } else {
      if (length === undefined ? !closed : after.length < Number(length)) return { answers, rest };
      const bytes = length === undefined ? after.length : Number(length);
      answers.push({ status, headers, body: after.slice(0, bytes) });
      rest = after.slice(bytes);
    }
  }
};

/** For tests: a client that writes bytes, not requests, and reads until it has what it waits for. */
export class RawClient {
  readonly socket: Socket;
  received = '';
  closed = false;
  readonly #waiting = new Set<() => void>();

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    this.socket.setNoDelay(true);
    this.socket.on('data', (chunk) => {
      this.received += chunk.toString('latin1');
      this.#wake();
    });
    this.socket.on('error', () => undefined);
    for (const event of ['end', 'close'])
      this.socket.on(event, () => {
        this.closed = true;
        this.#wake();
      });
  }

  send(...parts: readonly string[]): void {
    this.socket.write(parts.join(''));
  }

  /** Resolves once this many answers are there, or the server has closed. */
  async answers(count: number): Promise<readonly RawAnswer[]> {
    await this.until(() => answersIn(this.received, this.closed).answers.length >= count || this.closed);
    return answersIn(this.received, this.closed).answers;
  }

  async ended(): Promise<void> {
    await this.until(() => this.closed);
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  /** Cuts the connection with a reset, as a client does that dies. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
