import type { ErrorCode } from '@lethe/contracts';
import type { CallerRequest } from './caller.js';

/** A field of the request itself: a WeakMap of all requests would cost the collector more than the rest of this. */
const bodyReader = Symbol('body reader');
type ReadRequest = CallerRequest & { [bodyReader]?: ((code: ErrorCode) => void) | undefined };

/** Lets the reader of a body hear of faults that only the server sees, such as broken chunked framing. */
export const onBodyFault = (incoming: CallerRequest, listener: (code: ErrorCode) => void): void => {
  (incoming as ReadRequest)[bodyReader] = listener;
};

/** Tells the body's reader; false when nobody reads it (any more). */
export const reportBodyFault = (incoming: CallerRequest, code: ErrorCode): boolean => {
  const listener = (incoming as ReadRequest)[bodyReader];
  forgetBodyFault(incoming);
  listener?.(code);
  return listener !== undefined;
};

export const forgetBodyFault = (incoming: CallerRequest): void => {
  (incoming as ReadRequest)[bodyReader] = undefined;
};
