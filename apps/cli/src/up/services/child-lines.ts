import { z } from 'zod';
import { decodeJson } from '../../terminal/json-codec.js';

/** What a service tells its launcher on its standard output, one JSON line each. */
export interface ChildListener {
  /** Its first line that is no news: whether it says that it is ready. */
  readonly onFirst: (isReady: boolean) => void;
  /** The processes that serve for it have changed. */
  readonly onWorkers: (pids: readonly number[]) => void;
}

const readySchema = z.object({ ready: z.literal(true) });
const workersSchema = z.object({ workers: z.array(z.number().int().positive()).max(64) });
/** No line of ours is longer; what else it may print is read and dropped. */
const lineBytesMax = 4096;

/** Reads a child's standard output to its end, in bounded memory. */
export const listenTo = (stdout: NodeJS.ReadableStream, { onFirst, onWorkers }: ChildListener): void => {
  let line = Buffer.alloc(0);
  let tooLong = false;
  let first = true;
  const heard = (text: string): void => {
    const news = decodeJson(workersSchema, text);
    if (news !== undefined) {
      onWorkers(news.workers);
      return;
    }
    if (first) onFirst(decodeJson(readySchema, text) !== undefined);
    first = false;
  };
  const take = (bytes: Buffer): void => {
    tooLong ||= line.length + bytes.length > lineBytesMax;
    line = tooLong ? Buffer.alloc(0) : Buffer.concat([line, bytes]);
  };
  stdout.on('data', (chunk: Buffer) => {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      take(chunk.subarray(start, end));
      heard(tooLong ? '' : line.toString('utf8'));
      line = Buffer.alloc(0);
      tooLong = false;
      start = end + 1;
    }
    take(chunk.subarray(start));
  });
};
