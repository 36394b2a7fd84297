import type { ServedEndpoint } from '@lethe/model-catalog';
import { type Known, type MeteredDialect, meteredDialectOf } from './dialects.js';
import { DocumentReader } from './document-reader.js';
import { StreamReader } from './stream-reader.js';
import type { ResponseReading } from './types.js';

/**
 * Reads counts and closed marks from the bytes of one response as they pass: usage, finish reason, roughly how many
 * events carried content, whether it ended as it should. Holds the last bytes of a stream, which wipe() overwrites.
 */
export class ResponseMeter {
  readonly #endpoint: ServedEndpoint;
  readonly #dialect: MeteredDialect;
  #isStream: boolean;
  #begun = false;
  #stream: StreamReader | undefined;
  #document: DocumentReader | undefined;
  #bodyBytes = 0;
  #last: ResponseReading | undefined;

  /** `streaming`: what was asked for. What came instead is told by its first byte. */
  constructor(endpoint: ServedEndpoint, streaming: boolean) {
    this.#endpoint = endpoint;
    this.#dialect = meteredDialectOf(endpoint);
    this.#isStream = streaming;
  }

  /** Sees body bytes [start, end). */
  readonly tap = (buffer: Buffer, start: number, end: number): void => {
    this.#bodyBytes += end - start;
    this.#last = undefined;
    if (!this.#begun) this.#begin(buffer, start, end);
    if (this.#isStream) {
      this.#stream ??= new StreamReader(this.#dialect);
      this.#stream.read(buffer, start, end);
    } else {
      this.#document ??= new DocumentReader(this.#dialect.root);
      this.#document.read(buffer, start, end);
    }
  };

  /** What is known so far. After wipe(), what was known last. */
  read(): ResponseReading {
    this.#last ??= this.#readingOf(this.#known());
    return this.#last;
  }

  wipe(): void {
    this.read();
    this.#stream?.wipe();
    this.#document?.wipe();
  }

  #known(): Known | undefined {
    if (this.#stream !== undefined) return this.#stream.known();
    if (this.#document === undefined) return undefined;
    const { noted, complete } = this.#document;
    const known = this.#dialect.know(noted);
    known.hasEnded = complete;
    return known;
  }

  #readingOf(known: Known | undefined): ResponseReading {
    const counted = known === undefined ? undefined : this.#dialect.usage(known.counts);
    const isFinal = known?.isFinal === true || this.#endpoint === 'count_tokens';
    const givesNoText = this.#endpoint === 'embeddings' || this.#endpoint === 'count_tokens';
    return {
      usage: isFinal ? counted : undefined,
      inputReported: isFinal || counted === undefined ? undefined : { ...counted, tokensOutput: 0 },
      finishReason: known?.finishReason ?? 'unspecified',
      streamError: known?.hasError ?? false,
      endMarkSeen: known?.hasEnded ?? false,
      contentEvents: Math.ceil(this.#stream?.contentEvents ?? 0),
      bodyBytes: this.#bodyBytes,
      outputBytes: givesNoText ? 0 : undefined,
    };
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
