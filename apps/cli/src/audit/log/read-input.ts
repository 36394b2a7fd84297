import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { errorCode } from '../../terminal/error-code.js';
import { Problem } from '../../terminal/problem.js';

/** The bytes of a regular file of bounded length; undefined when there is none. Rejects with Problem (exit code 3). */
export const readBounded = async (path: string, bytesMax: number): Promise<Uint8Array | undefined> => {
  try {
    const file = await open(path, 'r');
    try {
      const facts = await file.stat();
      if (!facts.isFile()) throw new Problem('What should be a file is something else.', path, 3);
      if (facts.size > bytesMax) throw new Problem('A file is longer than any of its kind.', path, 3);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error))) return undefined;
    throw new Problem(`A file cannot be read (${errorCode(error)}).`, path, 3);
  }
};

/** The bytes of a file that an option names, or of standard input for `-`. Rejects with Problem (exit code 3). */
export const readInput = async (path: string, bytesMax: number, option: string): Promise<Uint8Array> => {
  if (path !== '-') {
    const bytes = await readBounded(path, bytesMax);
    if (bytes !== undefined) return bytes;
    throw new Problem(`There is no such file as --${option} names.`, path, 3);
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > bytesMax)
      throw new Problem(`Standard input is longer than a --${option} can be.`, undefined, 3);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

/** The lines of a file (or standard input for `-`), each without its newline; 'too_long' ends them. */
export async function* readLines(path: string, lineBytesMax: number): AsyncGenerator<Buffer | 'too_long'> {
  const stream: Readable = path === '-' ? process.stdin : createReadStream(path);
  let parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      let from = 0;
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
        yield Buffer.concat([...parts, chunk.subarray(from, end)]);
        parts = [];
        length = 0;
        from = end + 1;
      }
      const rest = chunk.subarray(from);
      length += rest.length;
      if (length > lineBytesMax) {
        yield 'too_long';
        return;
      }
      if (rest.length > 0) parts.push(rest);
    }
  } catch (error) {
    throw new Problem(`The file cannot be read (${errorCode(error)}).`, path, 3);
  }
  if (parts.length > 0) yield Buffer.concat(parts);
}
