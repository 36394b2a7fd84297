import type { Socket } from 'node:net';

/** Takes bytes [0, count) of a buffer that it gave, and says where the next ones go. */
export interface Reader {
  /** The buffer for the next read. */
  target(): Buffer;
  read(buffer: Buffer, count: number): void;
}

/** What Node keeps to itself of a socket that was given `onread`, which only clients can give. */
interface ReadingSocket {
  readonly _handle?: { useUserBuffer?(buffer: Buffer): void } | null;
  [key: symbol]: unknown;
}

interface Keys {
  readonly buffer: symbol;
  readonly next: symbol;
  readonly read: symbol;
}

const keysOf = (socket: object): Keys | undefined => {
  const all = Object.getOwnPropertySymbols(socket);
  const find = (name: string) => all.find((key) => key.description === name);
  const [buffer, next, read] = [find('kBuffer'), find('kBufferGen'), find('kBufferCb')];
  return buffer && next && read && { buffer, next, read };
};

let keys: Keys | undefined;

/**
 * Lets an accepted socket read into buffers of ours, as Node lets clients do: otherwise each read allocates 64 KB. False, with
 * nothing done, where Node does not offer it: then `data` events bring the bytes.
 */
export const readInto = (socket: Socket, reader: Reader): boolean => {
  const inner = socket as unknown as ReadingSocket;
  keys ??= keysOf(socket);
  const { _handle: handle } = inner;
  if (keys === undefined || inner[keys.buffer] !== null || typeof handle?.useUserBuffer !== 'function')
    return false;
  const target = reader.target();
  inner[keys.buffer] = target;
  inner[keys.next] = () => reader.target();
  inner[keys.read] = (count: number, buffer: Buffer): boolean => {
    reader.read(buffer, count);
    return true;
  };
  handle.useUserBuffer(target);
  return true;
};
