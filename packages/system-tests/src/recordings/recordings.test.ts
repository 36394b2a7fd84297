import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startReplayingUpstream } from '@lethe/simulated-provider';
import { fixturesFolder, tellFixturesAbsent } from './fixtures-folder.js';
import { CHAT_FOLDERS, loadRecordings, type Recording } from './load-recordings.js';
import { readExpected } from './recording-codec.js';
import { replayResponse, spreadBytes } from './replay-recording.js';

const usage = (
  prompt: number,
  completion: number,
  total = prompt + completion,
  rest: object = {},
): object => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: total,
  ...rest,
});
const body = (choice: object, counts: object): string =>
  JSON.stringify({ choices: [{ index: 0, ...choice }], usage: counts });

describe('readExpected', () => {
  it('reads a body', () => {
    const details = {
      prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 2 },
      completion_tokens_details: { reasoning_tokens: 3 },
    };
    expect(readExpected('body', [body({ finish_reason: 'length' }, usage(10, 5, 15, details))])).toEqual({
      usage: { tokensInput: 10, tokensOutput: 5, tokensCached: 4, tokensCacheWrite: 2, tokensReasoning: 3 },
      finishReason: 'length',
      eventsWithChoices: 0,
    });
  });

  it('adds reasoning that is stated beside the completion, as the total shows', () => {
    const details = { completion_tokens_details: { reasoning_tokens: 30 } };
    const reading = readExpected('body', [body({ finish_reason: 'stop' }, usage(10, 5, 45, details))]);
    expect(reading.usage).toMatchObject({ tokensOutput: 35, tokensReasoning: 30 });
  });

  it('takes the last usage and the last finish reason of the first choice of a stream', () => {
    const events = [
      { choices: [], usage: null },
      {
        choices: [
          { index: 1, finish_reason: 'length' },
          { index: 0, finish_reason: 'stop' },
        ],
        usage: usage(1, 1),
      },
      { choices: [{ index: 0, finish_reason: null }] },
      { choices: [], usage: usage(7, 8) },
    ];
    expect(
      readExpected(
        'stream',
        events.map((event) => JSON.stringify(event)),
      ),
    ).toMatchObject({
      usage: { tokensInput: 7, tokensOutput: 8, tokensCached: 0 },
      finishReason: 'stop',
      eventsWithChoices: 2,
    });
  });

  it('refuses what it could only guess', () => {
    expect(() => readExpected('stream', ['{"choices":[]}'])).toThrow('no usage');
    expect(() => readExpected('body', [body({}, usage(1, 2, 9))])).toThrow('do not add up');
    expect(() => readExpected('body', [body({}, usage(1.5, 2))])).toThrow('whole numbers');
  });
});

describe('loadRecordings', () => {
  let fixtures: string;
  const line = (choices: object[], counts: object | null): string =>
    JSON.stringify({ choices, usage: counts, note: 'é\u2028' });
  beforeAll(() => {
    fixtures = mkdtempSync(join(tmpdir(), 'recordings-'));
    for (const folder of CHAT_FOLDERS)
      mkdirSync(join(fixtures, 'provider-recordings', folder), { recursive: true });
    const at = (path: string): string => join(fixtures, 'provider-recordings', path);
    writeFileSync(at('groq/a.json'), `${body({ finish_reason: 'stop' }, usage(1, 2))}\n`);
    const lines = [line([{ index: 0, finish_reason: 'stop' }], null), line([], usage(3, 4))];
    writeFileSync(at('mistral/b.1.chunks.txt'), `${lines[0]}\r\n\n${lines[1]}`);
  });
  afterAll(() => rmSync(fixtures, { recursive: true, force: true }));

  it('frames streams without changing a byte of their events', () => {
    const recordings = loadRecordings(fixtures);
    expect(recordings.map(({ name, kind }) => [name, kind])).toEqual([
      ['groq/a', 'body'],
      ['mistral/b.1 stream', 'stream'],
    ]);
    const first = line([{ index: 0, finish_reason: 'stop' }], null);
    expect(recordings[1]?.bytes.toString()).toBe(
      `data: ${first}\n\ndata: ${line([], usage(3, 4))}\n\ndata: [DONE]\n\n`,
    );
    expect(recordings[1]?.expected.usage).toMatchObject({ tokensInput: 3, tokensOutput: 4 });
  });

  it('refuses a file that it does not know how to read', () => {
    const path = join(fixtures, 'provider-recordings', 'xai', 'c.sse');
    writeFileSync(path, 'data: {}\n\n');
    expect(() => loadRecordings(fixtures)).toThrow('unknown kind');
    rmSync(path);
  });

  it('finds the fixtures where the environment says, and says so when they are absent', () => {
    expect(fixturesFolder({ LETHE_FIXTURES: fixtures })).toBe(fixtures);
    expect(fixturesFolder({ LETHE_FIXTURES: join(fixtures, 'nowhere') })).toBeNull();
  });
});

const fixtures = fixturesFolder();
const recordings: Recording[] = fixtures === null ? [] : loadRecordings(fixtures);
if (fixtures === null) tellFixturesAbsent();

// Without fixtures the real recordings have nothing to run on; the line above says so.
(fixtures === null ? describe.skip : describe)('the real recordings', () => {
  it('cover every provider, streamed and whole', () => {
    expect(new Set(recordings.map(({ folder }) => folder))).toEqual(new Set(CHAT_FOLDERS));
    expect(recordings.filter(({ kind }) => kind === 'stream').length).toBeGreaterThanOrEqual(11);
    expect(recordings.filter(({ kind }) => kind === 'body').length).toBeGreaterThanOrEqual(12);
  });

  it('all say what they cost and why they ended', () => {
    for (const { name, expected } of recordings) {
      expect([name, expected.usage.tokensInput > 0, expected.usage.tokensOutput > 0]).toEqual([
        name,
        true,
        true,
      ]);
      expect(['stop', 'length', 'tool_calls']).toContain(expected.finishReason);
    }
  });

  // Read off the files by eye, not by this code.
  it.each([
    ['openai-chat/openai-text stream', 16, 300, 0, 0, 'stop'],
    ['openai-compatible-chat/xai-text stream', 12, 342, 11, 340, 'stop'],
    ['groq/groq-tool-call stream', 210, 15, 0, 0, 'tool_calls'],
    ['deepseek-chat/deepseek-text stream', 13, 400, 0, 0, 'length'],
    ['mistral/mistral-incremental-tool-call stream', 171, 14, 128, 0, 'tool_calls'],
    ['groq/groq-reasoning', 17, 649, 0, 570, 'stop'],
  ])('%s', (name, tokensInput, tokensOutput, tokensCached, tokensReasoning, finishReason) => {
    const found = recordings.find((recording) => recording.name === name);
    expect(found?.expected).toMatchObject({
      usage: { tokensInput, tokensOutput, tokensCached, tokensReasoning },
      finishReason,
    });
  });

  it('reach a client byte for byte, however they are spread over writes', async () => {
    let response = { status: 500, headers: {}, body: Buffer.alloc(0) } as ReturnType<typeof replayResponse>;
    const upstream = await startReplayingUpstream({ respond: () => response });
    for (const recording of recordings) {
      for (const spread of ['whole', 'by_event', { bytesMax: 997, seed: 3 }] as const) {
        response = replayResponse(recording, spread);
        const received = Buffer.from(await (await fetch(upstream.url)).arrayBuffer());
        expect([recording.name, received.equals(recording.bytes)]).toEqual([recording.name, true]);
      }
    }
    await upstream.close();
  });
});

describe('spreadBytes', () => {
  const bytes = Buffer.from('data: {"a":1}\n\ndata: {"b":"é"}\n\ndata: [DONE]\n\n');

  it('cuts after each event', () => {
    expect(spreadBytes(bytes, 'by_event').map(String)).toEqual([
      'data: {"a":1}\n\n',
      'data: {"b":"é"}\n\n',
      'data: [DONE]\n\n',
    ]);
  });

  it('cuts anywhere, the same way for the same seed', () => {
    const writes = spreadBytes(bytes, { bytesMax: 5, seed: 1 });
    expect(Buffer.concat(writes).equals(bytes)).toBe(true);
    expect(new Set(writes.map(({ length }) => length))).toEqual(new Set([1, 2, 3, 4, 5]));
    expect(spreadBytes(bytes, { bytesMax: 5, seed: 1 })).toEqual(writes);
    expect(spreadBytes(bytes, { bytesMax: 5, seed: 2 })).not.toEqual(writes);
  });
});
