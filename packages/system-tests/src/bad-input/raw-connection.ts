import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** Everything of it as it came, head included. */
  readonly text: string;
}

const ANSWER_WITHIN_MS = 20_000;

/** A client that sends exactly the bytes it is told to, and reads answers as HTTP/1.1 frames them. */
export class RawConnection {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    socket.on('end', end).on('close', end).on('error', end);
  }

  static async open(origin: string): Promise<RawConnection> {
    const { hostname, port } = new URL(origin);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  send(...parts: readonly (Buffer | string)[]): void {
    for (const part of parts) this.#socket.write(part);
  }

  /** Takes nothing from the network until `readOn`. */
  standStill(): void {
    this.#socket.pause();
  }

  readOn(): void {
    this.#socket.resume();
  }

  /** Sends no more; answers may still come. */
  finish(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
  }

  /** The next answer, interim ones left out. Rejects when the connection ends before it is whole. */
  async answer(): Promise<RawAnswer> {
    for (;;) {
      const answer = this.#take();
      if (answer !== undefined) {
        if (answer.status < 200 && answer.status !== 101) continue;
        return answer;
      }
      if (this.#ended) throw new Error('the connection ended without a whole answer');
      await this.#more();
    }
  }

  /** Whether the other side ends the connection in time, and what it had still to say. */
  async closes(): Promise<{ readonly closed: boolean; readonly rest: string }> {
    while (!this.#ended) {
      try {
        await this.#more();
      } catch {
        break;
      }
    }
    return { closed: this.#ended, rest: this.#received.toString('latin1') };
  }

  async #more(): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('nothing came')), ANSWER_WITHIN_MS);
    });
    await Promise.race([woken, late]).finally(() => clearTimeout(timer));
  }

  #take(): RawAnswer | undefined {
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd < 0) return undefined;
    const lines = this.#received.toString('latin1', 0, headEnd).split('\r\n');
    const headers = new Map(
      lines.slice(1).map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
      }),
    );
    const status = Number(lines[0]?.split(' ')[1]);
    const body = this.#body(headEnd + 4, status, headers);
    if (body === undefined) return undefined;
    const text = this.#received.toString('latin1', 0, body.end);
    this.#received = this.#received.subarray(body.end);
    return { status, headers, body: body.text, text };
  }

  #body(start: number, status: number, headers: ReadonlyMap<string, string>): Framed | undefined {
    if (status < 200 || status === 204 || status === 304) return { text: '', end: start };
    if (headers.get('transfer-encoding') === 'chunked') return this.#chunked(start);
    const length = headers.get('content-length');
    if (length === undefined)
      return this.#ended
        ? { text: this.#received.toString('utf8', start), end: this.#received.length }
        : undefined;
    const end = start + Number(length);
    return this.#received.length < end
      ? undefined
      : { text: this.#received.toString('utf8', start, end), end };
  }

  #chunked(start: number): Framed | undefined {
    const parts: Buffer[] = [];
    for (let at = start; ; ) {
      const lineEnd = this.#received.indexOf('\r\n', at);
      if (lineEnd < 0) return undefined;
      const size = Number.parseInt(this.#received.toString('latin1', at, lineEnd), 16);
      const end = lineEnd + 2 + size;
      if (this.#received.length < end + 2) return undefined;
      if (size === 0) return { text: Buffer.concat(parts).toString('utf8'), end: end + 2 };
      parts.push(this.#received.subarray(lineEnd + 2, end));
      at = end + 2;
    }
  }
}

interface Framed {
  readonly text: string;
  readonly end: number;
}
