import type { Socket } from 'node:net';

/** What was learned of the credentials of a request, for those that follow it in the very same words. */
export interface Credentials {
  keySha256Hex: string | undefined;
}

/** A request of a caller, whoever reads it from the connection: Node, or `plain/`. Node's IncomingMessage is one. */
export interface CallerRequest {
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[];
  readonly socket: Socket;
  readonly credentials?: Credentials;
  /**
   * Hands over the body, when all of it came with the head: `data` and `end` are not told then. The taker overwrites
   * it. Only within the call of the handler.
   */
  takeWhole?(): Buffer | undefined;
  /** All of it is here. */
  readonly complete: boolean;
  readonly destroyed: boolean;
  /** All of its body was handed to a listener of `data`. */
  readonly readableEnded: boolean;
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  on(event: 'end' | 'close', listener: () => void): unknown;
  once(event: 'end' | 'close', listener: () => void): unknown;
  resume(): unknown;
}

/** The answer to it. Node's ServerResponse is one. */
export interface CallerResponse {
  readonly req: CallerRequest;
  /** null: behind an answer on the same connection that is not finished. */
  readonly socket: Socket | null;
  statusCode: number;
  readonly headersSent: boolean;
  readonly destroyed: boolean;
  /** end() was called. */
  readonly writableEnded: boolean;
  /** Everything was handed to the kernel. */
  readonly writableFinished: boolean;
  on(event: 'close' | 'error' | 'finish', listener: () => void): unknown;
  once(event: 'close' | 'finish', listener: () => void): unknown;
  once(event: 'socket', listener: (socket: Socket) => void): unknown;
  /** Names and values in turn. */
  writeHead(status: number, headers: string[]): unknown;
  write(text: string): unknown;
  end(text?: string): unknown;
  /** Cuts the connection. */
  destroy(): unknown;
}
