/** An answer that quotes the prompt, in the shape of the endpoint that was asked. */
export interface EchoShape {
  whole(content: string): object;
  /** The events of a stream, without their borders. Absent: nothing is streamed there. */
  events?(pieces: readonly string[]): string[];
}

const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };
const data = (event: object): string => `data: ${JSON.stringify(event)}`;
const named = (type: string, rest: object): string => `event: ${type}\n${data({ type, ...rest })}`;

const chat: EchoShape = {
  whole: (content) => ({
    id: 'c',
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage,
  }),
  events: (pieces) => {
    const chunk = (choices: object[], rest: object = {}): string =>
      data({ id: 'c', object: 'chat.completion.chunk', choices, ...rest });
    return [
      ...pieces.map((content) => chunk([{ index: 0, delta: { content } }])),
      chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]),
      chunk([], { usage }),
      'data: [DONE]',
    ];
  },
};

const completions: EchoShape = {
  whole: (text) => ({
    id: 'c',
    object: 'text_completion',
    choices: [{ index: 0, text, finish_reason: 'stop' }],
    usage,
  }),
  events: (pieces) => [
    ...pieces.map((text) => data({ id: 'c', choices: [{ index: 0, text, finish_reason: null }] })),
    data({ id: 'c', choices: [{ index: 0, text: '', finish_reason: 'stop' }], usage }),
    'data: [DONE]',
  ],
};

const responseOf = (text: string): object => ({
  id: 'r',
  object: 'response',
  status: 'completed',
  output: [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] }],
  usage: { input_tokens: 3, output_tokens: 4, total_tokens: 7 },
});

const responses: EchoShape = {
  whole: responseOf,
  events: (pieces) => [
    ...pieces.map((delta) => named('response.output_text.delta', { delta })),
    named('response.completed', { response: responseOf(pieces.join('')) }),
  ],
};

const messageUsage = { input_tokens: 3, output_tokens: 4 };
const messages: EchoShape = {
  whole: (text) => ({
    id: 'm',
    type: 'message',
    role: 'assistant',
    content: [{ type: 'text', text }],
    stop_reason: 'end_turn',
    usage: messageUsage,
  }),
  events: (pieces) => [
    named('message_start', { message: { id: 'm', role: 'assistant', content: [], usage: messageUsage } }),
    named('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    ...pieces.map((text) => named('content_block_delta', { index: 0, delta: { type: 'text_delta', text } })),
    named('content_block_stop', { index: 0 }),
    named('message_delta', { delta: { stop_reason: 'end_turn' }, usage: messageUsage }),
    named('message_stop', {}),
  ],
};

/** No provider quotes a prompt here; this one does, in a field of its own. */
const embeddings: EchoShape = {
  whole: (content) => ({
    object: 'list',
    data: [{ index: 0, embedding: [0.5], content }],
    usage: { prompt_tokens: 3 },
  }),
};
const countTokens: EchoShape = { whole: (content) => ({ input_tokens: 3, content }) };

const shapes: ReadonlyMap<string, EchoShape> = new Map([
  ['/v1/chat/completions', chat],
  ['/v1/completions', completions],
  ['/v1/responses', responses],
  ['/v1/embeddings', embeddings],
  ['/v1/messages', messages],
  ['/v1/messages/count_tokens', countTokens],
]);

/** The shape of answers at a path. */
export const echoShapeOf = (path: string | undefined): EchoShape => shapes.get(path ?? '') ?? chat;
