import { describe, expect, it } from '@jest/globals';
import { newUuidV7 } from '@lethe/contracts';
import type { ServedEndpoint } from '@lethe/model-catalog';
import { decideRetention } from '@lethe/zdr-policy';
import { facesByPath } from '../dialects/all.js';
import { bodyOf } from '../testing/chat-body.js';
import { assembleMessages, assembleTools } from './assemble-messages.js';
import type { CapturedExchange } from './captured-exchange.js';
import { startCapture } from './start-capture.js';

const captureOf = (endpoint: ServedEndpoint, request: object, fieldBytesMax = 10_000): CapturedExchange => {
  const face = [...facesByPath.values()].find((other) => other.endpoint === endpoint);
  if (face === undefined) throw new Error('no such face');
  const requestId = newUuidV7();
  const decision = decideRetention(requestId, {
    orgPolicy: 'known',
    zdr: false,
    keyLogging: true,
    sealingKey: true,
    wish: 'none',
  });
  const body = bodyOf(face, JSON.stringify({ model: 'm', ...request }));
  const options = { requestId, decision, endpoint, body, fieldBytesMax, streaming: false };
  const capture = startCapture({ ...options, responseBytesMax: 100 });
  if (capture === undefined) throw new Error('no capture');
  return capture.captured;
};
const keptOf = (endpoint: ServedEndpoint, request: object) => {
  const captured = captureOf(endpoint, request);
  return { messages: assembleMessages(captured), tools: assembleTools(captured) };
};
const hi = { role: 'user', content: 'hi' };
const tools = [{ name: 't', description: 'd' }];

describe('what is asked, as messages', () => {
  it('of chat completions stands as it was sent', () => {
    expect(keptOf('chat_completions', { messages: [hi], tools })).toEqual({ messages: [hi], tools });
  });

  it('of responses has the instructions first; a bare text is what the user said', () => {
    const item = { type: 'function_call_output', call_id: 'c', output: 'x' };
    expect(keptOf('responses', { instructions: 'be brief', input: [hi, item], tools })).toEqual({
      messages: [{ role: 'system', content: 'be brief' }, hi, item],
      tools,
    });
    expect(keptOf('responses', { instructions: null, input: 'hi' })).toEqual({ messages: [hi], tools: [] });
    expect(keptOf('responses', {})).toEqual({ messages: [], tools: [] });
  });

  it('of messages and their count has the system text first, as text or blocks', () => {
    for (const endpoint of ['messages', 'count_tokens'] as const)
      for (const system of ['be brief', [{ type: 'text', text: 'be brief' }]])
        expect(keptOf(endpoint, { system, messages: [hi], tools })).toEqual({
          messages: [{ role: 'system', content: system }, hi],
          tools,
        });
  });

  it('of completions and embeddings is each prompt; tokens are one', () => {
    for (const [endpoint, name] of [
      ['completions', 'prompt'],
      ['embeddings', 'input'],
    ] as const) {
      const messagesOf = (said: unknown) => keptOf(endpoint, { [name]: said }).messages;
      expect(messagesOf('hi')).toEqual([hi]);
      expect(messagesOf(['hi', 'hi'])).toEqual([hi, hi]);
      expect(messagesOf([1, 2])).toEqual([{ role: 'user', content: [1, 2] }]);
      expect(messagesOf([[1], [2]])).toEqual([
        { role: 'user', content: [1] },
        { role: 'user', content: [2] },
      ]);
    }
  });

  it('that is too long is left out, said to be, and can be wiped', () => {
    const whole = captureOf('messages', { system: 'SYSTEM', messages: [hi], tools });
    expect(whole.requestTruncated).toBe(false);
    whole.wipe();
    for (const part of [whole.system, whole.messages, whole.tools])
      expect(part?.every((byte) => byte === 0)).toBe(true);
    const cut = captureOf('messages', { system: 'x'.repeat(200), messages: [hi] }, 100);
    expect([cut.requestTruncated, assembleMessages(cut)]).toEqual([true, [hi]]);
  });
});
