import type { Socket } from 'node:net';
import type { CoarseTimer, Deadline } from '@lethe/service-kit';
import { Carry } from '../carry.js';
import { HeadMemory } from './head-memory.js';
import { PlainCall, type PlainCarrier } from './plain-call.js';
import { readInto } from './read-into.js';

export type PlainHandler = (call: PlainCall) => void;

/** What all connections of a server share. */
export interface PlainSetting {
  /** By path. */
  readonly posts: ReadonlyMap<string, PlainHandler>;
  readonly headBytesMax: number;
  readonly headMsMax: number;
  readonly keepIdleMsMax: number;
  readonly timer: CoarseTimer;
  /** Bytes of callers may have been read. */
  readonly onTraffic: () => void;
  /** Node takes the connection over, which begins with these bytes. */
  readonly toNode: (socket: Socket, begun: Buffer) => void;
  /** The head took too long to come. */
  readonly tooLate: (socket: Socket) => void;
  readonly gone: (connection: PlainConnection) => void;
}

const readBytes = 64 * 1024;
/** Bodies with this much still to come are read where they stay. */
const ownReadBytesMin = 16 * 1024;
/** What a caller may send ahead of the answer it waits for. */
const aheadBytesMax = 64 * 1024;
/** All reads of this thread, one after the other; what a read brought is overwritten before the next. */
const shared = Buffer.allocUnsafeSlow(readBytes);

/**
 * A caller's connection while it carries plain requests, one at a time. As soon as it carries anything else it is
 * Node's, for good.
 */
export class PlainConnection implements PlainCarrier {
  readonly #setting: PlainSetting;
  readonly #deadline: Deadline;
  /** A head that is not whole, or what was sent ahead. */
  readonly #begun = new Carry();
  readonly #heads = new HeadMemory();
  #call: PlainCall | undefined;
  #bodyLeft = 0;
  /** The buffer that the next read goes to, when it is to stay with the body. */
  #own: Buffer | undefined;
  /** Whatever else comes is none of ours, and overwritten. */
  #isOver = false;
  #isPaused = false;
  #hasServed = false;
  #isNodes = false;

  constructor(
    readonly socket: Socket,
    setting: PlainSetting,
  ) {
    this.#setting = setting;
    this.#deadline = setting.timer.start(setting.headMsMax, this.#late);
    socket.on('error', ignore);
    socket.on('end', this.#ended);
    socket.on('close', this.#closed);
    if (!readInto(socket, this)) socket.on('data', this.#data);
  }

  get keepIdleMsMax(): number {
    return this.#setting.keepIdleMsMax;
  }

  /** Nothing is asked, and nothing begun. */
  get isIdle(): boolean {
    return this.#call === undefined && this.#begun.bytes === 0;
  }

  private get isHeadBegun(): boolean {
    return this.#call === undefined && this.#begun.bytes > 0;
  }

  target(): Buffer {
    if (this.#bodyLeft < ownReadBytesMin) this.#own = undefined;
    else if (this.#own === undefined || this.#own.length > this.#bodyLeft)
      this.#own = Buffer.allocUnsafeSlow(Math.min(this.#bodyLeft, readBytes));
    return this.#own ?? shared;
  }

  read(buffer: Buffer, count: number): void {
    if (this.#isNodes) {
      // Node reads into a buffer of its own, and only what it hands over bare comes here.
      this.socket.push(copyOf(buffer, 0, count));
      buffer.fill(0, 0, count);
    } else if (buffer === this.#own && count * 2 > buffer.length) {
      this.#own = undefined;
      this.#receive(buffer.subarray(0, count));
    } else {
      this.#feed(buffer, 0, count);
      buffer.fill(0, 0, count);
    }
  }

  readonly #data = (chunk: Buffer): void => {
    this.#feed(chunk, 0, chunk.length);
    chunk.fill(0);
  };

  #feed(buffer: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end && !this.#isNodes && !this.#isOver) {
      if (this.#call === undefined) at = this.#readHead(buffer, at, end);
      else if (this.#bodyLeft > 0) {
        const stop = Math.min(end, at + this.#bodyLeft);
        this.#receive(copyOf(buffer, at, stop));
        at = stop;
      } else at = this.#keepAhead(buffer, at, end);
    }
  }

  /** Returns the offset after what it took. */
  #readHead(buffer: Buffer, start: number, end: number): number {
    if (this.#begun.bytes > 0) {
      this.#begun.append(buffer, start, end);
      this.#readBegun();
      return end;
    }
    const at = this.#begin(buffer, start, end);
    if (at !== start || this.#isNodes) return at;
    this.#begun.append(buffer, start, end);
    if (this.#hasServed) this.#deadline.postpone(this.#setting.headMsMax);
    return end;
  }

  #readBegun(): void {
    const begun = this.#begun.take();
    const at = this.#begin(begun, 0, begun.length);
    if (!this.#isNodes) {
      if (at === 0) this.#begun.append(begun, 0, begun.length);
      else this.#feed(begun, at, begun.length);
    }
    begun.fill(0);
  }

  /** Begins a call if its head is whole. Returns the offset after the head; `start`, when more has to come. */
  #begin(buffer: Buffer, start: number, end: number): number {
    const { posts, headBytesMax } = this.#setting;
    const head = this.#heads.read(buffer, start, end, posts);
    const isPartial = head === 'partial' && end - start <= headBytesMax;
    if (isPartial) return start;
    if (head === 'partial' || head === 'other' || head.end - start > headBytesMax) {
      this.#leaveToNode(buffer, start, end);
      return end;
    }
    this.#deadline.postpone(Number.POSITIVE_INFINITY);
    const bodyEnd = head.end + head.bodyBytes;
    const whole = bodyEnd <= end ? copyOf(buffer, head.end, bodyEnd) : undefined;
    this.#bodyLeft = whole === undefined ? head.bodyBytes : 0;
    const call = new PlainCall(this, head.rawHeaders, head.credentials);
    this.#call = call;
    this.#setting.onTraffic();
    call.handle(whole, posts.get(head.path) as PlainHandler);
    return whole === undefined ? head.end : bodyEnd;
  }

  #receive(chunk: Buffer): void {
    this.#bodyLeft -= chunk.length;
    const call = this.#call;
    if (call === undefined) chunk.fill(0);
    else call.received(chunk, this.#bodyLeft === 0);
  }

  #keepAhead(buffer: Buffer, start: number, end: number): number {
    this.#begun.append(buffer, start, end);
    if (this.#begun.bytes > aheadBytesMax && !this.#isPaused) {
      this.#isPaused = true;
      this.socket.pause();
    }
    return end;
  }

  finished(closes: boolean): void {
    this.#call = undefined;
    this.#hasServed = true;
    this.#setting.onTraffic();
    if (closes) {
      this.#isOver = true;
      this.socket.destroySoon();
      return;
    }
    this.#deadline.postpone(this.#setting.keepIdleMsMax);
    // Within a read the rest of it is looked at next; and nobody's answer begins within the end of another.
    if (this.#begun.bytes > 0) setImmediate(this.#goOn);
  }

  readonly #goOn = (): void => {
    if (this.#call !== undefined || this.#isNodes || this.socket.destroyed) return;
    this.#readBegun();
    // What was sent ahead is the beginning of a head: the rest has as long to come as that of any other.
    if (this.isHeadBegun) this.#deadline.postpone(this.#setting.headMsMax);
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.socket.resume();
  };

  #leaveToNode(buffer: Buffer, start: number, end: number): void {
    this.#isNodes = true;
    this.#deadline.stop();
    this.#heads.wipe();
    this.#begun.wipe();
    const { socket } = this;
    socket.off('error', ignore);
    socket.off('end', this.#ended);
    socket.off('close', this.#closed);
    socket.off('data', this.#data);
    this.#setting.gone(this);
    this.#setting.toNode(socket, buffer.subarray(start, end));
  }

  readonly #late = (): void => {
    this.#isOver = true;
    if (this.#hasServed && this.#begun.bytes === 0) this.socket.destroy();
    else this.#setting.tooLate(this.socket);
  };

  /** The caller says no more: it has left. */
  readonly #ended = (): void => {
    this.#call?.closed();
    if (this.isHeadBegun && !this.#isOver) {
      // Half a head: Node knows what to say of it.
      const begun = this.#begun.take();
      this.#leaveToNode(begun, 0, begun.length);
      begun.fill(0);
      this.socket.emit('end');
    } else this.socket.end();
  };

  readonly #closed = (): void => {
    this.#deadline.stop();
    this.#begun.wipe();
    this.#heads.wipe();
    this.#setting.onTraffic();
    this.#setting.gone(this);
    this.#call?.closed();
  };
}

const ignore = (): void => undefined;

const copyOf = (buffer: Buffer, start: number, end: number): Buffer => {
  const copy = Buffer.allocUnsafeSlow(end - start);
  buffer.copy(copy, 0, start, end);
  return copy;
};
