import { type Serving, STREAM_HEADERS } from '../exchange.js';

/** All bytes of a proper answer's body, streamed ones as well, for faults that frame them on their own. */
export function wholeBytes({ task, answer }: Serving): { contentType: string; bytes: Buffer } {
  if (!task.stream) {
    return { contentType: 'application/json', bytes: Buffer.from(JSON.stringify(task.body(answer()))) };
  }
  const events = [...task.events(answer())].map((event) => event.text);
  return { contentType: STREAM_HEADERS['content-type'], bytes: Buffer.from(events.join('')) };
}
