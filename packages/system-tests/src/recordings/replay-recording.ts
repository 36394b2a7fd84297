import type { ReplayResponse } from '@lethe/simulated-provider';
import type { Recording } from './load-recordings.js';

/** How a response's bytes are spread over writes; event boundaries never matter to it. */
export type Spread = 'whole' | 'by_event' | { readonly bytesMax: number; readonly seed: number };

/** A recording as the replaying upstream sends it. */
export const replayResponse = (recording: Recording, spread: Spread = 'whole'): ReplayResponse => ({
  status: 200,
  headers: {
    'content-type': recording.kind === 'stream' ? 'text/event-stream; charset=utf-8' : 'application/json',
  },
  body: spread === 'whole' ? recording.bytes : spreadBytes(recording.bytes, spread),
});

/** Cuts bytes into writes: after each blank line, or into 1 to `bytesMax` bytes, repeatable by `seed`. */
export function spreadBytes(bytes: Buffer, spread: Exclude<Spread, 'whole'>): Buffer[] {
  const writes: Buffer[] = [];
  let state = spread === 'by_event' ? 0 : spread.seed >>> 0;
  for (let start = 0; start < bytes.length; ) {
    let end: number;
    if (spread === 'by_event') {
      const blank = bytes.indexOf('\n\n', start);
      end = blank < 0 ? bytes.length : blank + 2;
    } else {
      // The linear congruential step of Numerical Recipes; its upper bits are good enough to choose lengths by.
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      end = start + 1 + Math.floor((state / 0x1_0000_0000) * spread.bytesMax);
    }
    writes.push(bytes.subarray(start, end));
    start = end;
  }
  return writes;
}
