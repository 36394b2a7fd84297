import { describe, expect, it } from '@jest/globals';
import { arrayOf, choicesOfBody, choicesOfStream } from './assemble-choices.js';

const frame = (event: unknown): string => `data: ${JSON.stringify(event)}\n\n`;
const delta = (index: number, piece: object, finish: string | null = null) => ({
  choices: [{ index, delta: piece, finish_reason: finish }],
});

describe('assembling captured choices', () => {
  it('joins text, tool calls and several choices of a stream', () => {
    const stream = [
      delta(0, { role: 'assistant', content: 'Hel' }),
      delta(1, { role: 'assistant', content: 'B' }),
      delta(0, { content: 'lo' }),
      delta(0, {
        tool_calls: [{ index: 0, id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a"' } }],
      }),
      delta(0, { tool_calls: [{ index: 0, function: { arguments: ':1}' } }] }),
      delta(0, {}, 'tool_calls'),
    ]
      .map(frame)
      .join('');
    expect(choicesOfStream(Buffer.from(`${stream}data: [DONE]\n\n`))).toEqual([
      {
        index: 0,
        finish_reason: 'tool_calls',
        message: {
          role: 'assistant',
          content: 'Hello',
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }],
        },
      },
      { index: 1, finish_reason: null, message: { role: 'assistant', content: 'B' } },
    ]);
  });

  it('leaves out what was cut and takes nothing from what is no answer', () => {
    expect(
      choicesOfStream(Buffer.from(`${frame(delta(0, { content: 'a' }))}data: {"choices":[{"in`)),
    ).toHaveLength(1);
    expect(choicesOfBody(Buffer.from('{"choices":[{"message":{"content":"x"}}]'))).toEqual([]);
    expect(choicesOfBody(Buffer.from('{"choices":[{"index":0}]}'))).toEqual([{ index: 0 }]);
    expect([arrayOf(undefined), arrayOf(Buffer.from('{}')), arrayOf(Buffer.from('[1]'))]).toEqual([
      [],
      [],
      [1],
    ]);
  });
});
