import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { ServedEndpoint } from '@lethe/model-catalog';
import fc from 'fast-check';
import { assembleChoices } from './assemble-choices.js';

type Event = Readonly<Record<string, unknown>>;
const framed = (events: readonly Event[]): Buffer =>
  Buffer.from(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''));
const ofStream = (endpoint: ServedEndpoint, events: readonly Event[]): readonly unknown[] =>
  assembleChoices(endpoint, framed(events), true);
const ofBody = (endpoint: ServedEndpoint, body: unknown): readonly unknown[] =>
  assembleChoices(endpoint, Buffer.from(JSON.stringify(body)), false);

const delta = (index: number, piece: object, finish: string | null = null): Event => ({
  choices: [{ index, delta: piece, finish_reason: finish }],
});
const call = (index: number, piece: object): Event => delta(0, { tool_calls: [{ index, ...piece }] });

describe('choices of chat completions', () => {
  it('are joined from a stream: text, tool calls, several choices', () => {
    const events = [
      delta(0, { role: 'assistant', content: 'Hel' }),
      delta(1, { role: 'assistant', content: 'B' }),
      delta(0, { content: 'lo' }),
      call(0, { id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a"' } }),
      call(0, { function: { arguments: ':1}' } }),
      delta(0, { refusal: 'No' }),
      delta(0, {}, 'tool_calls'),
    ];
    const tools = [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }];
    expect(ofStream('chat_completions', events)).toEqual([
      {
        index: 0,
        finish_reason: 'tool_calls',
        message: { role: 'assistant', content: 'Hello', tool_calls: tools, refusal: 'No' },
      },
      { index: 1, finish_reason: null, message: { role: 'assistant', content: 'B' } },
    ]);
  });

  it('leave out what was cut and take nothing from what is no answer', () => {
    const cut = Buffer.concat([framed([delta(0, { content: 'a' })]), Buffer.from('data: {"choices":[{"in')]);
    expect(assembleChoices('chat_completions', cut, true)).toHaveLength(1);
    const half = Buffer.from('{"choices":[{"message":{"content":"x"}}]');
    expect(assembleChoices('chat_completions', half, false)).toEqual([]);
    expect(ofBody('chat_completions', { choices: [{ index: 0 }] })).toEqual([{ index: 0 }]);
    for (const body of [[], 'x', null, { choices: {} }]) expect(ofBody('chat_completions', body)).toEqual([]);
  });
});

describe('choices of legacy completions', () => {
  it('are joined from a stream, with their logprobs', () => {
    const piece = (index: number, text: string, finish: string | null = null): Event => ({
      choices: [{ index, text, finish_reason: finish, logprobs: { tokens: [text] } }],
    });
    expect(ofStream('completions', [piece(1, 'x'), piece(0, 'a'), piece(0, 'b', 'length')])).toEqual([
      { index: 0, text: 'ab', finish_reason: 'length', logprobs: { tokens: ['a', 'b'] } },
      { index: 1, text: 'x', finish_reason: null, logprobs: { tokens: ['x'] } },
    ]);
    expect(ofBody('completions', { choices: [{ text: 'x' }] })).toEqual([{ text: 'x' }]);
  });
});

describe('choices of responses', () => {
  const message = { type: 'message', id: 'm', role: 'assistant', content: [] as unknown[] };
  const begun: Event[] = [
    { type: 'response.created', response: { output: [], instructions: 'SYSTEM' } },
    { type: 'response.output_item.added', output_index: 0, item: message },
    { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'Hel' },
    { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'lo' },
  ];
  const text = (value: string) => ({ ...message, content: [{ type: 'output_text', text: value }] });

  it('are the output as the last event lists it', () => {
    for (const type of ['response.completed', 'response.incomplete', 'response.failed'])
      expect(ofStream('responses', [...begun, { type, response: { output: [text('whole')] } }])).toEqual([
        text('whole'),
      ]);
    expect(ofBody('responses', { output: [text('b')], instructions: 'SYSTEM' })).toEqual([text('b')]);
  });

  it('are what had come when the stream was cut, also when the last event lists nothing', () => {
    expect(ofStream('responses', begun)).toEqual([text('Hello')]);
    const empty = { type: 'response.completed', response: { output: [] } };
    expect(ofStream('responses', [...begun, empty])).toEqual([text('Hello')]);
    const done = { type: 'response.output_item.done', output_index: 0, item: text('Done') };
    const late = { ...begun[2], delta: 'late' };
    expect(ofStream('responses', [...begun, done, late])).toEqual([text('Done')]);
  });

  it('hold arguments, input, refusals and thoughts', () => {
    const items: [string, object, Event][] = [
      ['function_call', { arguments: 'ab' }, { type: 'response.function_call_arguments.delta' }],
      ['custom_tool_call', { input: 'ab' }, { type: 'response.custom_tool_call_input.delta' }],
      [
        'message',
        { content: [{ type: 'refusal', refusal: 'ab' }] },
        { type: 'response.refusal.delta', content_index: 0 },
      ],
      [
        'reasoning',
        { content: [{ type: 'reasoning_text', text: 'ab' }] },
        { type: 'response.reasoning_text.delta', content_index: 0 },
      ],
      [
        'reasoning',
        { summary: [{ type: 'summary_text', text: 'ab' }] },
        { type: 'response.reasoning_summary_text.delta', summary_index: 0 },
      ],
    ];
    for (const [type, expected, event] of items) {
      const added = { type: 'response.output_item.added', output_index: 3, item: { type } };
      const pieces = ['a', 'b'].map((piece) => ({ ...event, output_index: 3, delta: piece }));
      expect(ofStream('responses', [added, ...pieces])).toEqual([{ type, ...expected }]);
    }
  });
});

describe('choices of messages', () => {
  const start = (index: number, block: object): Event => ({
    type: 'content_block_start',
    index,
    content_block: block,
  });
  const piece = (index: number, change: object): Event => ({
    type: 'content_block_delta',
    index,
    delta: change,
  });

  it('are one answer with its blocks, joined from a stream', () => {
    const events = [
      { type: 'message_start', message: { role: 'assistant', content: [] } },
      start(0, { type: 'thinking', thinking: '', signature: '' }),
      piece(0, { type: 'thinking_delta', thinking: 'Hm' }),
      piece(0, { type: 'signature_delta', signature: 'sig' }),
      start(1, { type: 'text', text: '' }),
      piece(1, { type: 'text_delta', text: 'Hel' }),
      { type: 'ping' },
      piece(1, { type: 'text_delta', text: 'lo' }),
      piece(1, { type: 'citations_delta', citation: { cited_text: 'c' } }),
      start(2, { type: 'tool_use', id: 't', name: 'f', input: {} }),
      piece(2, { type: 'input_json_delta', partial_json: '{"a"' }),
      piece(2, { type: 'input_json_delta', partial_json: ':1}' }),
      { type: 'message_delta', delta: { stop_reason: 'tool_use' } },
      { type: 'message_stop' },
    ];
    const content = [
      { type: 'thinking', thinking: 'Hm', signature: 'sig' },
      { type: 'text', text: 'Hello', citations: [{ cited_text: 'c' }] },
      { type: 'tool_use', id: 't', name: 'f', input: '{"a":1}' },
    ];
    expect(ofStream('messages', events)).toEqual([{ role: 'assistant', content, stop_reason: 'tool_use' }]);
    const body = { role: 'assistant', content, stop_reason: 'tool_use', usage: {} };
    expect(ofBody('messages', body)).toEqual([{ role: 'assistant', content, stop_reason: 'tool_use' }]);
  });

  it('are what came of a cut stream, and none of an answer that never began', () => {
    expect(ofStream('messages', [start(0, { type: 'text', text: 'a' })])).toEqual([
      { role: 'assistant', content: [{ type: 'text', text: 'a' }], stop_reason: null },
    ]);
    expect(ofStream('messages', [{ type: 'error', error: {} }])).toEqual([]);
    expect(ofBody('messages', { type: 'error', error: {} })).toEqual([]);
  });
});

describe('vectors and counts', () => {
  it('are not kept', () => {
    expect(ofBody('embeddings', { data: [{ embedding: [1] }], choices: [1], content: [1] })).toEqual([]);
    expect(ofBody('count_tokens', { input_tokens: 1, content: [1] })).toEqual([]);
  });
});

const streamed: ServedEndpoint[] = ['chat_completions', 'completions', 'responses', 'messages'];

describe('events of any shape', () => {
  afterEach(() => {
    expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('polluted');
  });

  it('cannot reach beyond what they are assembled into', () => {
    const evil = (inner: string): Buffer => Buffer.from(`data: ${inner}\n\ndata: ${inner}\n\n`);
    const proto = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
    const frames = [
      `{"choices":[{"index":0,"delta":${proto},"logprobs":${proto}}]}`,
      `{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":${proto},"__proto__":{"polluted":1}}]}}]}`,
      `{"type":"content_block_start","index":0,"content_block":${proto}}`,
      '{"type":"content_block_delta","index":0,"delta":{"type":"__proto__","text":"x"}}',
      `{"type":"response.output_item.added","output_index":0,"item":${proto}}`,
      '{"type":"constructor","output_index":0,"delta":"x"}',
    ];
    for (const endpoint of streamed) for (const frame of frames) assembleChoices(endpoint, evil(frame), true);
    expect(({} as Event).polluted).toBeUndefined();
  });

  it('never throw and never make lists of holes', () => {
    const word = fc.constantFrom(
      'choices',
      'index',
      'delta',
      'type',
      'item',
      'output_index',
      'content_index',
      'content_block_delta',
      'content_block_start',
      'content_block',
      'tool_calls',
      'response.output_text.delta',
      'response.output_item.added',
      'text_delta',
      'text',
    );
    const leaf = fc.oneof(word, fc.constantFrom(0, 1, 1e9, -1, 0.5, null, true));
    const { node } = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 5 },
        leaf,
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(word, tie('node'), { maxKeys: 5 }),
      ),
    }));
    fc.assert(
      fc.property(fc.array(node, { maxLength: 8 }), fc.constantFrom(...streamed), (events, endpoint) => {
        const frames = events.map((event) => `data: ${JSON.stringify(event)}\r\n\r\n`).join('');
        expect(assembleChoices(endpoint, Buffer.from(frames), true).length).toBeLessThan(200);
      }),
      { seed: 17, numRuns: 1_000 },
    );
  });
});

const besideTheRepository = fileURLToPath(new URL('../../../../../shared/fixtures', import.meta.url));
const fixtures = process.env.LETHE_FIXTURES || besideTheRepository;
const recordings = join(fixtures, 'provider-recordings', 'openai-responses');
const recorded = existsSync(recordings)
  ? readdirSync(recordings).filter((name) => name.endsWith('.chunks.txt'))
  : [];
if (recorded.length === 0) process.stderr.write('*** NO FIXTURES: set LETHE_FIXTURES ***\n');

describe('recorded streams of Responses', () => {
  it.each(['as they are', ...recorded])(
    '%s: the items that came one by one are those listed at the end',
    (name) => {
      if (!recorded.includes(name)) return;
      const lines = readFileSync(join(recordings, name), 'utf8').split('\n');
      const events = lines.flatMap((line): Event[] => {
        try {
          return [JSON.parse(line)];
        } catch {
          return [];
        }
      });
      const [last, ...more] = events.filter(({ type }) => type === 'response.completed');
      if (last === undefined || more.length > 0) return; // Failed, or several answers in one file.
      const listed = (last.response as { output: unknown[] }).output;
      expect(ofStream('responses', events)).toEqual(listed);
      const without = events.filter((event) => event !== last);
      expect(ofStream('responses', without)).toEqual(listed);
      for (let length = 0; length < without.length; length += 7)
        expect(ofStream('responses', without.slice(0, length)).length).toBeLessThanOrEqual(listed.length);
    },
  );
});
