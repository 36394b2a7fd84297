import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ServedEndpoint } from '@lethe/model-catalog';
import { bodyOf, eventStream, json, lastChunk, plain, RelayWorld } from '../testing/relay-world.js';
import { eventually } from '../testing/scripted-provider.js';
import { writeToSockets } from './choose-writer.js';

const recordings = join(
  process.env.LETHE_FIXTURES ??
    join(dirname(fileURLToPath(import.meta.url)), '../../../../../shared/fixtures'),
  'provider-recordings',
);
const endpoints: Readonly<Record<string, ServedEndpoint>> = {
  'openai-chat': 'chat_completions',
  'openai-compatible-chat': 'chat_completions',
  groq: 'chat_completions',
  xai: 'chat_completions',
  'deepseek-chat': 'chat_completions',
  mistral: 'chat_completions',
  'openai-completion': 'completions',
  'openai-responses': 'responses',
  azure: 'responses',
  'xai-responses': 'responses',
  anthropic: 'messages',
};
const files = existsSync(recordings)
  ? Object.keys(endpoints).flatMap((folder) =>
      readdirSync(join(recordings, folder)).map((name) => `${folder}/${name}`),
    )
  : [];
if (files.length === 0) process.stdout.write('relay: NO PROVIDER RECORDINGS FOUND, they were not tried\n');

const typeOf = (line: string): string => /"type":"([^"]+)"/.exec(line)?.[1] ?? '';
const eventsOf = (endpoint: ServedEndpoint, raw: string): string[] => {
  const lines = raw.split('\n').filter((line) => line.trim() !== '');
  const isNamed = endpoint === 'responses' || endpoint === 'messages';
  return isNamed
    ? lines.map((line) => `event: ${typeOf(line)}\ndata: ${line}\n\n`)
    : [...lines.map((line) => `data: ${line}\n\n`), 'data: [DONE]\n\n'];
};
const chunked = (bytes: Buffer, chunkBytes: number): Buffer => {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const part = bytes.subarray(at, at + chunkBytes);
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from(lastChunk)]);
};

let world: RelayWorld;
const testRecording = (file: string): void => {
  const endpoint = endpoints[file.slice(0, file.indexOf('/'))] as ServedEndpoint;
  const isStream = file.endsWith('.chunks.txt');

  // Framed without regard to the events, as a network does it.
  it.each([7, 1_000, 60_000])('comes through byte for byte, in chunks of %d', async (chunkBytes) => {
    const raw = readFileSync(join(recordings, file), 'utf8');
    world.settings = { ...plain, endpoint, streaming: isStream, removeUsageEvent: isStream };
    const events = isStream ? eventsOf(endpoint, raw) : [raw];
    const body = Buffer.from(events.join(''));
    world.provider.answer = (socket) =>
      socket.write(
        isStream ? Buffer.concat([Buffer.from(eventStream), chunked(body, chunkBytes)]) : json(body),
      );
    const caller = world.call();
    await eventually(() => world.results.length > 0);
    const isCompletion = endpoint === 'chat_completions' || endpoint === 'completions';
    const isUsage = (event: string): boolean => event.includes('"choices":[]') && event.includes('"usage":{');
    const expected = isStream && isCompletion ? events.filter((event) => !isUsage(event)).join('') : body;
    const text = (): Buffer => Buffer.from(bodyOf(caller.text()), 'latin1');
    await eventually(() => text().length >= Buffer.byteLength(expected));
    expect(text().equals(Buffer.from(expected))).toBe(true);
    expect(world.results).toEqual([{ ended: 'complete' }]);
  });
};

if (files.length > 0)
  describe.each(files)('the recording %s', (file) => {
    beforeAll(async () => {
      writeToSockets(true);
      world = await RelayWorld.start();
    });
    afterAll(() => {
      world.stop();
      writeToSockets(false);
    });
    beforeEach(() => world.begin());
    afterEach(() => world.end());
    testRecording(file);
  });
