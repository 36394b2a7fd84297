import type { IncomingMessage } from 'node:http';
import type { ErrorCode } from '@lethe/contracts';

/** A field of the request itself: a WeakMap of all requests would cost the collector more than the rest of this. */
const bodyReader = Symbol('body reader');
type ReadRequest = IncomingMessage & { [bodyReader]?: ((code: ErrorCode) => void) | undefined };

/** Lets the reader of a body hear of faults that only the server sees, such as broken chunked framing. */
export const onBodyFault = (incoming: IncomingMessage, listener: (code: ErrorCode) => void): void => {
  (incoming as ReadRequest)[bodyReader] = listener;
};

/** Tells the body's reader; false when nobody reads it (any more). */
export const reportBodyFault = (incoming: IncomingMessage, code: ErrorCode): boolean => {
  const listener = (incoming as ReadRequest)[bodyReader];
  forgetBodyFault(incoming);
  listener?.(code);
  return listener !== undefined;
};

export const forgetBodyFault = (incoming: IncomingMessage): void => {
  (incoming as ReadRequest)[bodyReader] = undefined;
};
