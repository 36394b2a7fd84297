import type { ResponseReading } from './types.js';
import { CompletionReader } from './usage-reader-document.js';
import { EventReader } from './usage-reader-events.js';

/**
 * Reads counts and closed marks from the bytes of one response as they pass: usage, finish reason, how many events
 * carried a choice, whether it ended as it should. Holds no content, but for a few bytes that wipe() overwrites.
 */
export class ResponseMeter {
  readonly #completion = new CompletionReader();
  readonly #events = new EventReader(this.#completion);
  #isStream: boolean;
  #begun = false;
  #bodyBytes = 0;

  /** `streaming`: what was asked for. What came instead is told by its first byte. */
  constructor(streaming: boolean) {
    this.#isStream = streaming;
  }

  /** Sees body bytes [start, end). */
  readonly tap = (buffer: Buffer, start: number, end: number): void => {
    this.#bodyBytes += end - start;
    if (!this.#begun) this.#begin(buffer, start, end);
    if (this.#isStream) this.#events.read(buffer, start, end);
    else this.#completion.read(buffer, start, end);
  };

  /** What is known so far. */
  read(): ResponseReading {
    const completion = this.#completion;
    return {
      usage: completion.usage,
      finishReason: completion.finishReason,
      streamError: completion.sawError,
      endMarkSeen: this.#isStream ? this.#events.endMarkSeen : completion.complete,
      contentEvents: this.#isStream ? completion.documentsWithChoice : 0,
      bodyBytes: this.#bodyBytes,
    };
  }

  wipe(): void {
    this.#completion.wipe();
  }

  #begin(buffer: Buffer, start: number, end: number): void {
    for (let at = start; at < end && !this.#begun; at++) {
      const byte = buffer[at] as number;
      if (byte <= 0x20) continue;
      this.#begun = true;
      // No line of an event stream begins with a brace, and no document with anything else.
      this.#isStream = byte !== 0x7b;
    }
  }
}
