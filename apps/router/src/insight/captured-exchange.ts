import type { ServedEndpoint } from '@lethe/model-catalog';
import type { RequestBody } from '../http/types.js';
import type { ResponseCapture } from './capture-response.js';

/** Where each endpoint has what is asked. Everything else of a request is no content and is not copied. */
const contentOf: Readonly<
  Record<ServedEndpoint, { readonly system?: string; readonly messages: string; readonly tools?: string }>
> = {
  chat_completions: { messages: 'messages', tools: 'tools' },
  completions: { messages: 'prompt' },
  responses: { system: 'instructions', messages: 'input', tools: 'tools' },
  embeddings: { messages: 'input' },
  messages: { system: 'system', messages: 'messages', tools: 'tools' },
  count_tokens: { system: 'system', messages: 'messages', tools: 'tools' },
};

/** What was captured under a grant: Buffers only. `wipe` overwrites all of it. */
export interface CapturedExchange {
  readonly endpoint: ServedEndpoint;
  /** System text that stands beside the messages. */
  readonly system: Buffer | undefined;
  readonly messages: Buffer | undefined;
  readonly tools: Buffer | undefined;
  readonly requestTruncated: boolean;
  readonly originalBytes: number; // of request and response as received
  readonly response: ResponseCapture;
  readonly streaming: boolean;
  wipe(): void;
}

export interface ExchangeOptions {
  readonly endpoint: ServedEndpoint;
  readonly body: RequestBody;
  readonly streaming: boolean;
  /** Bytes of one field; a larger one is left out, and the payload says that it is not whole. */
  readonly fieldBytesMax: number;
}

/** Copies what a request asks next to a response capture that a grant has opened. */
export const captureExchange = (response: ResponseCapture, options: ExchangeOptions): CapturedExchange => {
  const { endpoint, body, streaming, fieldBytesMax } = options;
  const names = contentOf[endpoint];
  let requestTruncated = false;
  const copy = (name: string | undefined): Buffer | undefined => {
    if (name === undefined || body.scan.field(name) === undefined) return undefined;
    const copied = body.readBytes(name, fieldBytesMax);
    if (copied === undefined) requestTruncated = true;
    return copied;
  };
  const [system, messages, tools] = [copy(names.system), copy(names.messages), copy(names.tools)];
  return {
    endpoint,
    system,
    messages,
    tools,
    requestTruncated,
    originalBytes: body.bytesTotal,
    response,
    streaming,
    wipe: () => {
      for (const buffer of [system, messages, tools]) buffer?.fill(0);
      response.wipe();
    },
  };
};
