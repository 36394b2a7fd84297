import { strict as assert } from 'node:assert';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import type { ServedEndpoint } from '@lethe/model-catalog';
import fc from 'fast-check';
import type { ResponseReading } from './types.js';
import { ResponseMeter } from './usage-reader.js';

const recordings = join(
  process.env.LETHE_FIXTURES ??
    join(dirname(fileURLToPath(import.meta.url)), '../../../../../shared/fixtures'),
  'provider-recordings',
);

type Json = Record<string, unknown>;
const objectAt = (value: unknown, key: string): Json => ((value as Json | undefined)?.[key] as Json) ?? {};
const listAt = (value: unknown, key: string): Json[] => ((value as Json)[key] as Json[]) ?? [];
const count = (value: unknown): number => (typeof value === 'number' ? value : 0);
const last = (values: readonly unknown[]): unknown => values.findLast((value) => typeof value === 'string');

/** The oracles parse everything. Each gives usage, finish reason and whether there was an error. */
type Expected = Pick<ResponseReading, 'usage' | 'finishReason' | 'streamError'>;
type Oracle = (documents: readonly Json[]) => Expected;

const chat: Oracle = (documents) => {
  const usage = documents.map((document) => document.usage as Json | null).findLast((given) => given);
  const [input, output] = [count(usage?.prompt_tokens), count(usage?.completion_tokens)];
  const reasoning = count(objectAt(usage, 'completion_tokens_details').reasoning_tokens);
  const isBeside = reasoning > 0 && usage?.total_tokens === input + output + reasoning;
  const reason = last(
    documents.flatMap((one) => listAt(one, 'choices')).map((choice) => choice.finish_reason),
  );
  return {
    usage: {
      tokensInput: input,
      tokensOutput: isBeside ? output + reasoning : output,
      tokensCached: count(objectAt(usage, 'prompt_tokens_details').cached_tokens),
      tokensCacheWrite: 0,
      tokensReasoning: reasoning,
    },
    finishReason: reason as ResponseReading['finishReason'],
    streamError: false,
  };
};

const responses: Oracle = (documents) => {
  const end = documents.at(-1) as Json;
  const response = (end.response ?? end) as Json;
  const usage = response.usage as Json | null | undefined;
  const isCall = ({ type }: Json): boolean => type === 'function_call' || type === 'custom_tool_call';
  const streamError = documents.some(({ type }) => type === 'error') || (response.error ?? null) !== null;
  return {
    usage: usage
      ? {
          tokensInput: count(usage.input_tokens),
          tokensOutput: count(usage.output_tokens),
          tokensCached: count(objectAt(usage, 'input_tokens_details').cached_tokens),
          tokensCacheWrite: count(objectAt(usage, 'input_tokens_details').cache_write_tokens),
          tokensReasoning: count(objectAt(usage, 'output_tokens_details').reasoning_tokens),
        }
      : undefined,
    finishReason:
      response.status === 'completed'
        ? listAt(response, 'output').some(isCall)
          ? 'tool_calls'
          : 'stop'
        : response.status === 'failed'
          ? 'error'
          : 'unspecified',
    streamError,
  };
};

const messageFinish: Readonly<Record<string, ResponseReading['finishReason']>> = {
  end_turn: 'stop',
  tool_use: 'tool_calls',
  max_tokens: 'length',
  refusal: 'content_filter',
};
const messages: Oracle = (documents) => {
  const start = objectAt(documents[0], 'message').usage as Json | undefined;
  const counts: Json = { ...start };
  let reason: unknown;
  for (const document of documents) {
    if (document.type === 'message_start') continue;
    for (const [name, value] of Object.entries(objectAt(document, 'usage')))
      if (value !== null) counts[name] = value;
    reason = document.stop_reason ?? objectAt(document, 'delta').stop_reason ?? reason;
  }
  const [cached, cacheWrite] = [
    count(counts.cache_read_input_tokens),
    count(counts.cache_creation_input_tokens),
  ];
  return {
    usage: {
      tokensInput: count(counts.input_tokens) + cached + cacheWrite,
      tokensOutput: count(counts.output_tokens),
      tokensCached: cached,
      tokensCacheWrite: cacheWrite,
      tokensReasoning: count(objectAt(counts, 'output_tokens_details').thinking_tokens),
    },
    finishReason: messageFinish[reason as string] ?? 'other',
    streamError: false,
  };
};

const folders: Readonly<Record<string, readonly [ServedEndpoint, Oracle]>> = {
  'openai-chat': ['chat_completions', chat],
  'openai-compatible-chat': ['chat_completions', chat],
  groq: ['chat_completions', chat],
  xai: ['chat_completions', chat],
  'deepseek-chat': ['chat_completions', chat],
  mistral: ['chat_completions', chat],
  'openai-completion': ['completions', chat],
  'openai-responses': ['responses', responses],
  azure: ['responses', responses],
  'xai-responses': ['responses', responses],
  anthropic: ['messages', messages],
};
/** The one chat completion among Responses. */
const chatFile = 'azure/azure-deepseek-reasoning.1.json';

const files = existsSync(recordings)
  ? Object.keys(folders).flatMap((folder) =>
      readdirSync(join(recordings, folder)).map((name) => `${folder}/${name}`),
    )
  : [];
if (files.length === 0) process.stdout.write('meter: NO PROVIDER RECORDINGS FOUND, they were not tried\n');

/** One recording was kept without the last brace of some of its events. */
const parse = (text: string): Json => {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return JSON.parse(`${text}}`) as Json;
  }
};

const framingsOf = (endpoint: ServedEndpoint, lines: readonly string[]): string[] => {
  const isNamed = endpoint === 'responses' || endpoint === 'messages';
  const nameOf = (line: string): string => (isNamed ? String(parse(line).type) : 'x');
  const end = isNamed ? '' : 'data: [DONE]';
  const named = lines.map((line) => `event: ${nameOf(line)}\nid: 1\ndata: ${line}\n\n: ping\n\n`);
  return [
    `${lines.map((line) => `data: ${line}\n\n`).join('')}${end}\n\n`,
    `: ping\r\n\r\n${lines.map((line) => `data:${line}\r\n\r\n`).join('')}${end}\r\n`,
    `${named.join('')}${end}`,
  ];
};

const meter = (
  endpoint: ServedEndpoint,
  bytes: Buffer,
  streaming: boolean,
  cuts: readonly number[],
): ResponseReading => {
  const reader = new ResponseMeter(endpoint, streaming);
  const buffer = Buffer.alloc(bytes.length + 64, '\n');
  let from = 0;
  for (const to of [...[...cuts].sort((a, b) => a - b), bytes.length]) {
    const end = Math.max(from, Math.min(to, bytes.length));
    bytes.copy(buffer, 32, from, end);
    reader.tap(buffer, 32, 32 + end - from);
    buffer.fill(0x0a, 32, 32 + end - from);
    from = end;
  }
  reader.wipe();
  return reader.read();
};

const meterRecording = (file: string): void => {
  const [folder] = file.split('/') as [string];
  const [endpoint, oracle] =
    file === chatFile ? (['chat_completions', chat] as const) : (folders[folder] as (typeof folders)[string]);
  const raw = readFileSync(join(recordings, file), 'utf8');
  const isStream = file.endsWith('.chunks.txt');
  const lines = raw.split('\n').filter((line) => line.trim() !== '');
  const documents = isStream ? lines.map(parse) : [parse(raw)];
  const framings = isStream ? framingsOf(endpoint, lines) : [raw, JSON.stringify(documents[0])];

  it('is metered as a parser would, whatever it is cut at', () => {
    const expected = oracle(documents);
    if (!expected.streamError) expect(expected.usage).toBeDefined();
    for (const framing of framings) {
      const bytes = Buffer.from(framing);
      const check = (cuts: readonly number[]): void => {
        const { usage, finishReason, streamError, endMarkSeen, bodyBytes } = meter(
          endpoint,
          bytes,
          isStream,
          cuts,
        );
        assert.deepEqual(
          { usage, finishReason, streamError, endMarkSeen, bodyBytes },
          { ...expected, endMarkSeen: true, bodyBytes: bytes.length },
        );
      };
      check([]);
      if (bytes.length < 10_000) check(Array.from(bytes, (_, index) => index));
      // As a paced stream comes, and as sockets read.
      check([...framing.matchAll(/\n\r?\n/g)].map(({ index, 0: border }) => index + border.length));
      check(Array.from({ length: Math.ceil(bytes.length / 4_096) }, (_, index) => index * 4_096));
      fc.assert(fc.property(fc.array(fc.nat(bytes.length), { maxLength: 30 }), check), {
        seed: 7,
        numRuns: 10,
      });
    }
  });
};

if (files.length > 0) describe.each(files)('the recording %s', meterRecording);
