import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type ExpectedReading, readExpected } from './recording-codec.js';

/** The providers whose recordings speak OpenAI's Chat Completions. */
export const CHAT_FOLDERS = [
  'openai-chat',
  'openai-compatible-chat',
  'groq',
  'xai',
  'deepseek-chat',
  'mistral',
] as const;

const BODY_SUFFIX = '.json';
const STREAM_SUFFIX = '.chunks.txt';

export interface Recording {
  /** `<folder>/<file without its suffix>`, and `stream` where it is one. */
  readonly name: string;
  readonly folder: (typeof CHAT_FOLDERS)[number];
  readonly kind: 'body' | 'stream';
  /** The bytes of the response body as the provider would send them, streams framed and ended with `[DONE]`. */
  readonly bytes: Buffer;
  readonly expected: ExpectedReading;
}

/** Loads the chat recordings below a fixtures folder, in a fixed order. Throws when a file is not as expected. */
export function loadRecordings(fixtures: string): Recording[] {
  return CHAT_FOLDERS.flatMap((folder) => {
    const path = join(fixtures, 'provider-recordings', folder);
    return readdirSync(path)
      .sort()
      .map((file) => loadRecording(folder, join(path, file)));
  });
}

function loadRecording(folder: Recording['folder'], path: string): Recording {
  const bytes = readFileSync(path);
  if (path.endsWith(BODY_SUFFIX)) {
    const name = `${folder}/${basename(path, BODY_SUFFIX)}`;
    return { name, folder, kind: 'body', bytes, expected: readExpected('body', [bytes.toString()]) };
  }
  if (!path.endsWith(STREAM_SUFFIX)) throw new Error('a recording of an unknown kind');
  const events = linesOf(bytes);
  return {
    name: `${folder}/${basename(path, STREAM_SUFFIX)} stream`,
    folder,
    kind: 'stream',
    bytes: frameEvents(events),
    expected: readExpected('stream', events.map(String)),
  };
}

/** The lines that hold something, as bytes, so that framing changes none of them. */
function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf('\n', start);
    const end = found < 0 ? bytes.length : found;
    const line = bytes.subarray(start, bytes[end - 1] === 0x0d ? end - 1 : end);
    if (line.length > 0) lines.push(line);
    start = end + 1;
  }
  return lines;
}

const frameEvents = (events: readonly Buffer[]): Buffer =>
  Buffer.concat([
    ...events.flatMap((event) => [Buffer.from('data: '), event, Buffer.from('\n\n')]),
    Buffer.from('data: [DONE]\n\n'),
  ]);
