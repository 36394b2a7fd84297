import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type ExpectedReading, type RecordedDialect, readExpected } from './recording-codec.js';

/** The providers whose recordings speak OpenAI's Chat Completions. */
export const CHAT_FOLDERS = [
  'openai-chat',
  'openai-compatible-chat',
  'groq',
  'xai',
  'deepseek-chat',
  'mistral',
] as const;

/** Those of the other dialects that Lethe serves. Azure's are Responses but for one. */
export const OTHER_FOLDERS = [
  'openai-completion',
  'openai-responses',
  'azure',
  'xai-responses',
  'anthropic',
] as const;
export type Folder = (typeof CHAT_FOLDERS)[number] | (typeof OTHER_FOLDERS)[number];

const DIALECTS: Readonly<Partial<Record<Folder, RecordedDialect>>> = {
  'openai-responses': 'response',
  azure: 'response',
  'xai-responses': 'response',
  anthropic: 'message',
};
/** Bodies of refusals, which never reach a client as they are, and a stream that failed before it had cost anything. */
const FAILURES = /^(?:openai-error\.1|reasoning-model-temperature-error)\./;
const CHAT_OF_AZURE = 'azure-deepseek-reasoning.1.json';

const BODY_SUFFIX = '.json';
const STREAM_SUFFIX = '.chunks.txt';

export interface Recording {
  /** `<folder>/<file without its suffix>`, and `stream` where it is one. */
  readonly name: string;
  readonly folder: Folder;
  readonly dialect: RecordedDialect;
  readonly kind: 'body' | 'stream';
  /** The bytes of the response body as the provider would send them, streams framed and ended with `[DONE]`. */
  readonly bytes: Buffer;
  readonly expected: ExpectedReading;
}

/** Loads recordings below a fixtures folder, in a fixed order. Throws when a file is not as expected. */
export function loadRecordings(fixtures: string, folders: readonly Folder[] = CHAT_FOLDERS): Recording[] {
  return folders.flatMap((folder) => {
    const path = join(fixtures, 'provider-recordings', folder);
    return readdirSync(path)
      .sort()
      .filter((file) => !FAILURES.test(file))
      .map((file) => loadRecording(folder, join(path, file)));
  });
}

function loadRecording(folder: Folder, path: string): Recording {
  const bytes = readFileSync(path);
  const dialect = path.endsWith(CHAT_OF_AZURE) ? 'completion' : (DIALECTS[folder] ?? 'completion');
  if (path.endsWith(BODY_SUFFIX)) {
    const name = `${folder}/${basename(path, BODY_SUFFIX)}`;
    const expected = readExpected('body', [bytes.toString()], dialect);
    return { name, folder, dialect, kind: 'body', bytes, expected };
  }
  if (!path.endsWith(STREAM_SUFFIX)) throw new Error('a recording of an unknown kind');
  const events = linesOf(bytes);
  return {
    name: `${folder}/${basename(path, STREAM_SUFFIX)} stream`,
    folder,
    dialect,
    kind: 'stream',
    bytes: dialect === 'completion' ? frameEvents(events) : frameNamedEvents(events),
    expected: readExpected('stream', events.map(String), dialect),
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

const typeOf = (event: Buffer): string => /"type":"([^"]+)"/.exec(event.toString('latin1'))?.[1] ?? '';
const frameNamedEvents = (events: readonly Buffer[]): Buffer =>
  Buffer.concat(
    events.flatMap((event) => [Buffer.from(`event: ${typeOf(event)}\ndata: `), event, Buffer.from('\n\n')]),
  );
