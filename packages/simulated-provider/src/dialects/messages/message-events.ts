import type { Answer } from '../../answers/answer.js';
import type { JsonObject } from '../../json-codec.js';
import { frame, type Shape, type StreamEvent } from '../dialect.js';
import { contentBlocks } from './content-blocks.js';
import { finalUsageJson, messageHead, stopFields, usageJson } from './message-json.js';
import type { MessagesRequest } from './read-messages.js';

/** What a stream says it has put out before it put out anything. */
const OUTPUT_TOKENS_AT_START = 1;

const event = (
  kind: StreamEvent['kind'],
  data: JsonObject & { readonly type: string },
  output?: StreamEvent['output'],
): StreamEvent => ({ kind, text: frame(data, data.type), ...(output !== undefined && { output }) });

/**
 * The events of a streamed message: its head with the input's usage, each block from start to stop with a ping in the
 * first, the reason it stopped with the whole usage, and the end.
 */
export function* messageEvents(
  answer: Answer,
  request: MessagesRequest,
  shape: Shape = {},
): Generator<StreamEvent> {
  const [choice] = answer.choices;
  const head = messageHead(answer, request);
  const counts = shape.withoutUsage !== true;
  yield event('open', {
    type: 'message_start',
    message: {
      ...head,
      ...(counts && { usage: usageJson(answer, request, OUTPUT_TOKENS_AT_START) }),
    },
  });
  const blocks = choice === undefined ? [] : contentBlocks(choice);
  for (const [index, block] of blocks.entries()) {
    yield event('open', { type: 'content_block_start', index, content_block: block.begun });
    if (index === 0) yield event('open', { type: 'ping' });
    for (const { delta, part, text } of block.deltas()) {
      const output = { choice: 0, part, text };
      yield event('delta', { type: 'content_block_delta', index, delta }, output);
    }
    yield event('close', { type: 'content_block_stop', index });
  }
  yield event('usage', {
    type: 'message_delta',
    delta: { container: head.container, ...(choice !== undefined && stopFields(choice, shape)) },
    ...(counts && { usage: finalUsageJson(answer) }),
  });
  yield event('done', { type: 'message_stop' });
}
