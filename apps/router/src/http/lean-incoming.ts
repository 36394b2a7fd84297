import { IncomingMessage } from 'node:http';

/** The value of a header, of the first of that (lower-case) name. Makes no object of all the others. */
export const rawHeader = (rawHeaders: readonly string[], name: string): string | undefined => {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const sent = rawHeaders[i] as string;
    if (sent.length === name.length && sent.toLowerCase() === name) return rawHeaders[i + 1];
  }
  return undefined;
};

/**
 * A request whose object of all headers is made only when somebody of ours asks for it. Node itself asks each request
 * whether it expects 100-continue, and would make that object, a tenth of a small request's cost, for this one answer. For servers with requireHostHeader: false.
 */
export class LeanIncoming extends IncomingMessage {
  /** Set as soon as the request is ours: from then on `headers` is what Node's documentation says. */
  ours = false;
}

const nothing: IncomingMessage['headers'] = Object.freeze({});
const ofNode = Object.getOwnPropertyDescriptor(IncomingMessage.prototype, 'headers');
const whole = ofNode?.get;

// A Node whose headers are no getter gets no shortcut, and needs none.
if (ofNode !== undefined && whole !== undefined)
  Object.defineProperty(LeanIncoming.prototype, 'headers', {
    ...ofNode,
    get(this: LeanIncoming) {
      if (this.ours) return whole.call(this) as unknown;
      const expect = rawHeader(this.rawHeaders, 'expect');
      return expect === undefined ? nothing : { expect };
    },
  });
