import type { RequestBody } from '../http/types.js';
import type { ResponseCapture } from './capture-response.js';

/** What was captured under a grant: Buffers only. `wipe` overwrites all of it. */
export interface CapturedExchange {
  readonly messages: Buffer | undefined;
  readonly tools: Buffer | undefined;
  readonly requestTruncated: boolean;
  readonly originalBytes: number; // of request and response as received
  readonly response: ResponseCapture;
  readonly streaming: boolean;
  wipe(): void;
}

/** Copies the request's messages and tools next to a response capture that a grant has opened. */
export const captureExchange = (
  body: RequestBody,
  response: ResponseCapture,
  streaming: boolean,
  fieldBytesMax: number,
): CapturedExchange => {
  const copy = (name: 'messages' | 'tools'): Buffer | undefined => body.readBytes(name, fieldBytesMax);
  const cut = (name: 'messages' | 'tools', copied: Buffer | undefined): boolean =>
    copied === undefined && body.scan.field(name) !== undefined;
  const [messages, tools] = [copy('messages'), copy('tools')];
  return {
    messages,
    tools,
    requestTruncated: cut('messages', messages) || cut('tools', tools),
    originalBytes: body.bytesTotal,
    response,
    streaming,
    wipe: () => {
      messages?.fill(0);
      tools?.fill(0);
      response.wipe();
    },
  };
};
