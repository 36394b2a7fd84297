import type { IncomingMessage } from 'node:http';
import type { ErrorCode } from '@lethe/contracts';

const listeners = new WeakMap<IncomingMessage, (code: ErrorCode) => void>();

/** Lets the reader of a body hear of faults that only the server sees, such as broken chunked framing. */
export const onBodyFault = (incoming: IncomingMessage, listener: (code: ErrorCode) => void): void => {
  listeners.set(incoming, listener);
};

/** Tells the body's reader; false when nobody reads it (any more). */
export const reportBodyFault = (incoming: IncomingMessage, code: ErrorCode): boolean => {
  const listener = listeners.get(incoming);
  listeners.delete(incoming);
  listener?.(code);
  return listener !== undefined;
};

export const forgetBodyFault = (incoming: IncomingMessage): void => {
  listeners.delete(incoming);
};
