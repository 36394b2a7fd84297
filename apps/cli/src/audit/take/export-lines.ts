import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { open, rename, rm } from 'node:fs/promises';
import { errorCode } from '../../terminal/error-code.js';
import { Problem } from '../../terminal/problem.js';

/** The last line of a whole export: how many events it has. */
const endLine = /\{"events":\s*(\d{1,16})\}\n?$/;
const tailBytes = 64;

/** Passes chunks on and remembers the last bytes, which tell whether the export is whole. */
class EndWatch {
  #tail: Buffer = Buffer.alloc(0);

  see(chunk: Uint8Array): Uint8Array {
    this.#tail = Buffer.concat([this.#tail, chunk.subarray(-tailBytes)]).subarray(-tailBytes);
    return chunk;
  }

  /** Throws Problem when the end is missing. */
  events(): number {
    const events = endLine.exec(this.#tail.toString('latin1'))?.[1];
    if (events === undefined)
      throw new Problem('The export is cut off: the line with the count is missing.', 'Run it again.');
    return Number(events);
  }
}

const toStandardOutput = async (chunks: AsyncIterable<Uint8Array>): Promise<number> => {
  const end = new EndWatch();
  for await (const chunk of chunks)
    if (!process.stdout.write(end.see(chunk))) await once(process.stdout, 'drain');
  return end.events();
};

/**
 * Writes an export to a file, which is there when all of it is, or to standard output for `-`. Resolves to the number of
 * events. Rejects with Problem when the export is cut off or the file cannot be written.
 */
export const writeExport = async (chunks: AsyncIterable<Uint8Array>, path: string): Promise<number> => {
  if (path === '-') return await toStandardOutput(chunks);
  const staging = `${path}.${randomBytes(6).toString('hex')}.writing`;
  const end = new EndWatch();
  try {
    const file = await open(staging, 'wx', 0o600);
    try {
      for await (const chunk of chunks) await file.writeFile(end.see(chunk));
      await file.sync();
    } finally {
      await file.close();
    }
    const events = end.events();
    await rename(staging, path);
    return events;
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(`The file cannot be written (${errorCode(error)}).`, path);
  } finally {
    await rm(staging, { force: true });
  }
};
