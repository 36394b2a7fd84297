import type { Json } from './json-codec.js';

const BYTES_PER_TOKEN = 4;

/** This provider's own measure of text: one token for every four UTF-8 bytes begun. */
export const countTokens = (text: string): number => tokensOfBytes(Buffer.byteLength(text));

const tokensOfBytes = (bytes: number): number => Math.ceil(bytes / BYTES_PER_TOKEN);

/** The longest beginning of `text` that costs at most `tokens`, never ending inside a character. */
export function firstTokens(text: string, tokens: number): string {
  const bytes = Buffer.from(text);
  const bytesMax = tokens * BYTES_PER_TOKEN;
  if (bytes.length <= bytesMax) return text;
  return new TextDecoder().decode(bytes.subarray(0, bytesMax), { stream: true });
}

export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cachedTokens: number;
  readonly cacheWriteTokens: number;
  readonly reasoningTokens: number;
}

/** Each text is counted by itself, then the tool definitions as JSON. Pictures and sound are free here. */
export function promptTokensOf(texts: readonly string[], tools: Json[]): number {
  const spoken = texts.reduce((sum, text) => sum + countTokens(text), 0);
  return tools.length === 0 ? spoken : spoken + countTokens(JSON.stringify(tools));
}

/** Which stream of output a piece belongs to; each is rounded up to whole tokens by itself. */
export type OutputPart = 'content' | 'reasoning' | 'refusal' | 'call';

/** Counts output as it leaves, so that a broken stream is known to the exact token it reached. */
export class OutputMeter {
  readonly #bytes = new Map<string, { part: OutputPart; bytes: number }>();

  add(choice: number, part: OutputPart, text: string): void {
    const key = `${choice}:${part}`;
    const known = this.#bytes.get(key) ?? { part, bytes: 0 };
    known.bytes += Buffer.byteLength(text);
    this.#bytes.set(key, known);
  }

  /** All output tokens, reasoning included. */
  get completionTokens(): number {
    return [...this.#bytes.values()].reduce((sum, { bytes }) => sum + tokensOfBytes(bytes), 0);
  }

  get reasoningTokens(): number {
    return [...this.#bytes.values()].reduce(
      (sum, { part, bytes }) => (part === 'reasoning' ? sum + tokensOfBytes(bytes) : sum),
      0,
    );
  }
}
