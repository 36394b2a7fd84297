import { type ErrorBody, errorBody } from '@lethe/contracts';
import type { ServedEndpoint } from '@lethe/model-catalog';
import { isDoneEvent, isNamedEvent, isUsageEvent } from './sse-chunk.js';

/** What the relay has to know of the streams of one endpoint. */
export interface StreamShape {
  /** True for an event that ends a stream. */
  readonly isEnd: (event: Buffer) => boolean;
  /** True for an event that is sent only because the router asked for usage; absent where it never has to ask. */
  readonly isUsage?: (event: Buffer) => boolean;
  /** Tells the caller that the provider cut the stream. */
  readonly cutEvent: Buffer;
}

const cut: ErrorBody['error'] = errorBody('provider.stream_cut', 'provider').error;
const event = (name: string | undefined, data: object): Buffer =>
  Buffer.from(`${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`);

const isEndOf = (...names: readonly string[]): StreamShape['isEnd'] => {
  const ends = names.map((name) => Buffer.from(name));
  return (bytes) => ends.some((name) => isNamedEvent(bytes, name));
};

const completions: StreamShape = {
  isEnd: isDoneEvent,
  isUsage: isUsageEvent,
  cutEvent: event(undefined, { error: cut }),
};
const responses: StreamShape = {
  isEnd: isEndOf('response.completed', 'response.incomplete', 'response.failed', 'error'),
  cutEvent: event('error', { type: 'error', code: cut.code, message: cut.message, param: null }),
};
const messages: StreamShape = {
  isEnd: isEndOf('message_stop', 'error'),
  cutEvent: event('error', { type: 'error', error: { type: 'api_error', message: cut.message } }),
};

const byEndpoint: Readonly<Record<ServedEndpoint, StreamShape>> = {
  chat_completions: completions,
  completions,
  // Never streamed; what a provider streams all the same is passed on.
  embeddings: completions,
  responses,
  messages,
  count_tokens: messages,
};

/** The shape of an endpoint's streams. */
export const streamShapeOf = (endpoint: ServedEndpoint): StreamShape => byEndpoint[endpoint];
