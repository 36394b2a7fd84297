import { type Serving, STREAM_HEADERS } from '../exchange.js';
import { ENDLESS_MS_MAX } from './breaking.js';
import { wholeBytes } from './whole-bytes.js';

const HEAD_LINES_PER_WRITE = 512;
/** Bytes that drip with a pause; the rest of a long answer drips as fast as it can. */
const SLOW_BYTES_MAX = 500;
/** Promised and never sent, or sent and never promised. */
const LIE_BYTES = 64;

/** A proper answer, every byte in a write of its own, a millisecond or the model's delay apart. */
export async function drip(serving: Serving): Promise<void> {
  const { exchange, task, answer, delayMs } = serving;
  const { bytes, contentType } = wholeBytes(serving);
  exchange.begin(200, {
    'content-type': contentType,
    ...(!task.stream && { 'content-length': bytes.length }),
  });
  exchange.billAll(answer());
  for (let at = 0; at < bytes.length - 1; at += 1) {
    if (exchange.signal.aborted) return;
    await exchange.send(bytes.subarray(at, at + 1));
    if (delayMs > 0 || at < SLOW_BYTES_MAX) await exchange.wait(Math.max(1, delayMs));
  }
  exchange.complete(bytes.subarray(-1));
}

/** Header lines until the client leaves, or for ten minutes. */
export async function sendHeadForever({ exchange, delayMs }: Serving): Promise<void> {
  const deadline = Date.now() + ENDLESS_MS_MAX;
  let lines = 0;
  await exchange.sendBare(Buffer.from('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n'));
  while (!exchange.signal.aborted && Date.now() < deadline) {
    const names = Array.from({ length: HEAD_LINES_PER_WRITE }, (_, index) => lines + index);
    lines += names.length;
    await exchange.sendBare(Buffer.from(names.map((line) => `x-sim-${line}: endless\r\n`).join('')));
    await exchange.wait(Math.max(1, delayMs));
  }
  if (!exchange.signal.aborted) exchange.cut();
}

/** A length that promises more than comes before the connection closes. */
export async function promiseTooMuch(serving: Serving): Promise<void> {
  await lie(serving, LIE_BYTES);
}

/** A length that ends the answer early: what is left of it comes where the next response belongs. */
export async function promiseTooLittle(serving: Serving): Promise<void> {
  await lie(serving, -LIE_BYTES);
}

async function lie(serving: Serving, lieBytes: number): Promise<void> {
  const { exchange, answer } = serving;
  const { bytes, contentType } = wholeBytes(serving);
  const length = Math.max(1, bytes.length + lieBytes);
  exchange.begin(200, { 'content-type': contentType, 'content-length': length });
  exchange.billAll(answer());
  await exchange.send(bytes);
  if (!exchange.signal.aborted) exchange.cut();
}

/** Half an answer whose last chunk says that more follows than does. */
export async function truncateChunk(serving: Serving): Promise<void> {
  const { exchange, task, answer } = serving;
  const { bytes, contentType } = wholeBytes(serving);
  const half = bytes.subarray(0, bytes.length / 2);
  const cache = task.stream ? `cache-control: ${STREAM_HEADERS['cache-control']}\r\n` : '';
  const head = `HTTP/1.1 200 OK\r\ncontent-type: ${contentType}\r\n${cache}transfer-encoding: chunked\r\n\r\n`;
  exchange.billAll(answer());
  exchange.entry.status = 200;
  await exchange.sendBare(Buffer.concat([Buffer.from(`${head}${bytes.length.toString(16)}\r\n`), half]));
  if (!exchange.signal.aborted) exchange.cut();
}
