import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { PlainCall } from './plain/plain-call.js';
import { type BodyFrame, writePlainHead } from './plain-head.js';
import type { ResponseWriter, WriterOptions } from './response-writer.js';
import { Scratch } from './scratch.js';

/** What Node keeps to itself, and is used here. A self-test at start tells whether it is still as it was. */
interface PrivateResponse {
  readonly _header: string;
  readonly _hasBody: boolean;
  _headerSent: boolean;
  chunkedEncoding: boolean;
}

/** Size line and line ends of one chunk, and the end of a body. */
const framingBytesMax = 24;
/** Above this bytes of known total length are written from where they are. */
const copiedBytesMax = 8 * 1024;
/** Waiting bytes above which no more should be read. */
const waitingBytesMax = 16 * 1024;
const nothing = Buffer.alloc(0);
/** For steps within this turn of the loop; queueMicrotask() costs several times as much. */
const settled = Promise.resolve();

/** Bytes of a scratch, or of somebody's buffer. */
interface Write {
  readonly bytes: Buffer;
  readonly free: () => void;
}

/**
 * Writes to the socket itself: the head and the first bytes in one write, the end of a body with the bytes before it.
 * One write is under way at a time, of one Buffer: several together are copied by an encrypted connection to where
 * nothing overwrites them.
 */
export class SocketWriter implements ResponseWriter {
  readonly #res: WriterOptions['res'];
  readonly #onDrain: () => void;
  readonly #isChunked: boolean;
  readonly #hasBody: boolean;
  readonly #queue: Write[] = [];
  #socket: Socket | undefined;
  #isEncrypted = false;
  #scratch: Scratch | undefined;
  #underWay: Write | undefined;
  #queuedBytes = 0;
  #flushIsDue = false;
  #ended = false;
  #abandoned = false;
  #drainIsDue = false;
  #flushed: (() => void) | undefined;

  constructor({ res, status, headers, onDrain }: WriterOptions) {
    this.#res = res;
    this.#onDrain = onDrain;
    const frame =
      res instanceof PlainCall
        ? res.begin(this.#gather(0), status, headers)
        : this.#beginOfNode(res as ServerResponse, status, headers);
    this.#isChunked = frame === 'chunked';
    this.#hasBody = frame !== 'none';
    if (res.socket !== null) this.#attach(res.socket);
    // Behind an answer on the same connection that is not finished. Node is not done with handing it over yet.
    else res.once('socket', (socket: Socket) => void settled.then(() => this.#takeTurn(socket)));
  }

  get isWaiting(): boolean {
    return this.#underWay !== undefined || this.#queue.length > 0 || this.#scratch !== undefined;
  }

  flushHead(): void {
    this.#flush();
  }

  write(buffer: Buffer, start: number, end: number, free: () => void): 'done' | 'held' {
    if (!this.#hasBody || this.#abandoned) return 'done';
    const bytes = end - start;
    const needed = bytes + framingBytesMax;
    const isCopied = this.#isChunked || this.#scratch !== undefined || bytes <= copiedBytesMax;
    const scratch = isCopied && needed <= Scratch.bytesMax ? this.#gather(needed) : undefined;
    if (scratch === undefined) return this.#writeDirectly(buffer.subarray(start, end), free);
    if (this.#isChunked) scratch.text(`${bytes.toString(16)}\r\n`);
    scratch.copy(buffer, start, end);
    if (this.#isChunked) scratch.lineEnd();
    this.#flushSoon();
    return 'done';
  }

  wantsPause(): boolean {
    const waits = this.#socket === undefined || this.#underWay !== undefined;
    const wants = waits && this.#queuedBytes + (this.#scratch?.bytes ?? 0) > waitingBytesMax;
    this.#drainIsDue ||= wants;
    return wants;
  }

  afterFlush(flushed: () => void): void {
    this.#flushed = flushed;
    this.#flush();
    this.#settle();
  }

  end(): void {
    this.#ended = true;
    if (this.#isChunked && this.#hasBody) this.#gather(framingBytesMax).text('0\r\n\r\n');
    this.#flush();
    this.#settle();
  }

  abandon(): void {
    this.#abandoned = true;
    this.#enqueueScratch();
    this.#done();
    for (const { free } of this.#queue.splice(0)) free();
  }

  #beginOfNode(res: ServerResponse, status: number, headers: readonly string[]): BodyFrame | 'none' {
    const inner = res as unknown as PrivateResponse;
    const scratch = this.#gather(0);
    if (!writePlainHead(scratch, res, status, headers)) {
      // Node makes the head, and decides by it how the body is framed and whether the connection stays.
      res.writeHead(status, headers as string[]);
      if (inner._header.length <= Scratch.bytesMax) scratch.text(inner._header);
      else this.#enqueue({ bytes: Buffer.from(inner._header, 'latin1'), free: () => undefined });
    }
    const isChunked = inner.chunkedEncoding;
    inner.chunkedEncoding = false;
    inner._headerSent = true;
    if (!inner._hasBody) return 'none';
    return isChunked ? 'chunked' : 'length';
  }

  #attach(socket: Socket): void {
    this.#socket = socket;
    this.#isEncrypted = (socket as Partial<{ encrypted: boolean }>).encrypted === true;
  }

  #takeTurn(socket: Socket): void {
    this.#attach(socket);
    this.#flush();
    this.#settle();
  }

  /** The scratch that is being filled, with room for so many bytes. */
  #gather(bytes: number): Scratch {
    if (this.#scratch !== undefined && this.#scratch.room < bytes) this.#enqueueScratch();
    this.#scratch ??= new Scratch();
    return this.#scratch;
  }

  #enqueueScratch(): void {
    const scratch = this.#scratch;
    if (scratch === undefined) return;
    this.#scratch = undefined;
    this.#enqueue({ bytes: scratch.view, free: () => scratch.release() });
  }

  #enqueue(write: Write): void {
    this.#queuedBytes += write.bytes.length;
    this.#queue.push(write);
  }

  #writeDirectly(bytes: Buffer, free: () => void): 'done' | 'held' {
    if (this.#isChunked) this.#gather(framingBytesMax).text(`${bytes.length.toString(16)}\r\n`);
    this.#enqueueScratch();
    let state: 'writing' | 'done' | 'held' = 'writing';
    const written = (): void => {
      if (state === 'held') free();
      else state = 'done';
    };
    this.#enqueue({ bytes, free: written });
    if (this.#isChunked) this.#gather(framingBytesMax).text('\r\n');
    this.#flush();
    state = isDone(state) ? 'done' : 'held';
    return state;
  }

  /** A body that ends with these bytes says so a step later in the same turn of the loop: its end leaves with them. */
  #flushSoon(): void {
    if (!this.#isChunked) this.#flush();
    else if (!this.#flushIsDue) {
      this.#flushIsDue = true;
      void settled.then(this.#stepOn);
    }
  }

  readonly #stepOn = (): void => {
    void settled.then(this.#flushDue);
  };
  readonly #flushDue = (): void => {
    if (this.#flushIsDue) this.#flush();
  };

  /** Writes what is gathered; while a write is under way, more is gathered. */
  #flush(): void {
    this.#flushIsDue = false;
    const socket = this.#socket;
    if (socket === undefined || this.#underWay !== undefined || this.#abandoned) return;
    if (this.#queue.length === 0 && !this.#isEncrypted) {
      this.#flushScratch(socket);
      return;
    }
    this.#enqueueScratch();
    while (this.#underWay === undefined) {
      const write = this.#queue.shift();
      if (write === undefined) return;
      this.#underWay = write;
      if (this.#isEncrypted) socket.write(write.bytes, this.#doneLater);
      else {
        socket.write(write.bytes);
        // Mostly the kernel has taken it at once, and no callback is needed.
        if (socket.writableLength === 0) this.#done();
        else socket.write(nothing, this.#doneLater);
      }
    }
  }

  /** What is gathered is all there is: mostly the kernel takes it at once, and nothing has to wait. */
  #flushScratch(socket: Socket): void {
    const scratch = this.#scratch;
    if (scratch === undefined) return;
    this.#scratch = undefined;
    const bytes = scratch.view;
    socket.write(bytes);
    if (socket.writableLength === 0) {
      scratch.release();
      return;
    }
    this.#underWay = { bytes, free: () => scratch.release() };
    this.#queuedBytes += bytes.length;
    socket.write(nothing, this.#doneLater);
  }

  #done(): void {
    const write = this.#underWay;
    if (write === undefined) return;
    this.#underWay = undefined;
    this.#queuedBytes -= write.bytes.length;
    write.free();
  }

  readonly #doneLater = (): void => {
    this.#done();
    this.#flush();
    this.#settle();
  };

  /** Does what waited for the writes to be done. */
  #settle(): void {
    if (this.#abandoned) return;
    if (this.#drainIsDue && !this.wantsPause()) {
      this.#drainIsDue = false;
      this.#onDrain();
    }
    if (this.#socket === undefined || this.isWaiting) return;
    this.#flushed?.();
    this.#flushed = undefined;
    if (this.#ended && !this.#res.writableEnded) this.#res.end();
  }
}

const isDone = (state: 'writing' | 'done' | 'held'): boolean => state === 'done';
