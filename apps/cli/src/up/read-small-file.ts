import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';

/** Enough for a chain of certificates. */
const fileBytesMax = 256 * 1024;

/** The text of a small regular file; undefined when it is none or cannot be read. */
export const readSmallFile = (path: string): string | undefined => {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    const facts = fstatSync(descriptor);
    return facts.isFile() && facts.size <= fileBytesMax ? readFileSync(descriptor, 'utf8') : undefined;
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
};
