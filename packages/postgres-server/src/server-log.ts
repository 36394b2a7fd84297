import { closeSync, openSync, renameSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

const LOG_BYTES_MAX = 1_048_576;
const LINE_CHARACTERS_MAX = 4_096;

/** Opens the log for appending (0600). A log that has grown past 1 MiB makes room first; one older file is kept. */
function openLog(path: string): number {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_BYTES_MAX) renameSync(path, `${path}.1`);
  return openSync(path, 'a', 0o600);
}

/** Runs something with the log's file descriptor and closes our copy of it afterwards. */
export function withLog<T>(path: string, use: (descriptor: number) => T): T {
  const descriptor = openLog(path);
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Hands the server's lines on, each cut to 4,096 characters. */
export function forwardLines(stream: Readable, onLog: (line: string) => void): void {
  stream.on('error', () => {});
  createInterface({ input: stream }).on('line', (line) => onLog(line.slice(0, LINE_CHARACTERS_MAX)));
}
