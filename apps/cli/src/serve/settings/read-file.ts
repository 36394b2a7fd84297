import { isUtf8 } from 'node:buffer';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { errorCode } from '../../terminal/error-code.js';

/** What may be wrong with a file that a setting names, in words that complete a sentence. */
export const fileProblems = {
  missing: 'names a file that does not exist',
  notReadable: 'names a file that this user may not read',
  notAFile: 'names something that is not a regular file',
  tooLarge: 'names a file that is too large',
  empty: 'names an empty file',
  notText: 'names a file that is not UTF-8 text',
} as const;
export type FileProblem = keyof typeof fileProblems;

const fileProblemOf = (error: unknown): FileProblem => {
  const code = errorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : 'notReadable';
};

/** Reads at most one byte more than may be: files under /run are no slower for it, and none grows past it meanwhile. */
const readBounded = (descriptor: number, bytesMax: number): Buffer => {
  const buffer = Buffer.alloc(bytesMax + 1);
  let length = 0;
  for (;;) {
    const got = readSync(descriptor, buffer, length, buffer.length - length, null);
    length += got;
    if (got === 0 || length === buffer.length) return buffer.subarray(0, length);
  }
};

/** The text of a regular file of at most `bytesMax` bytes, or what is wrong with it. */
export const readTextFile = (path: string, bytesMax: number): { text: string } | { problem: FileProblem } => {
  let descriptor: number | undefined;
  try {
    // Non-blocking, for what turns out to be a pipe that nobody writes to.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!fstatSync(descriptor).isFile()) return { problem: 'notAFile' };
    const bytes = readBounded(descriptor, bytesMax);
    if (bytes.length > bytesMax) return { problem: 'tooLarge' };
    if (!isUtf8(bytes)) return { problem: 'notText' };
    const text = new TextDecoder().decode(bytes);
    return text.trim() === '' ? { problem: 'empty' } : { text };
  } catch (error) {
    return { problem: fileProblemOf(error) };
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
};
