import type { ChatRequest } from './chat-request.js';
import type { JsonObject } from './json-codec.js';

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

/** Each message is counted by itself, then the tool definitions as JSON. Pictures and sound are free here. */
export function promptTokensOf(chat: ChatRequest): number {
  const messages = chat.messages.reduce((sum, message) => sum + countTokens(message.text), 0);
  return chat.tools.length === 0 ? messages : messages + countTokens(JSON.stringify(chat.tools));
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

/** The `usage` object of a completion. Cached tokens are part of the prompt's, reasoning part of the completion's. */
export const usageJson = (usage: Usage): JsonObject => ({
  prompt_tokens: usage.promptTokens,
  completion_tokens: usage.completionTokens,
  total_tokens: usage.promptTokens + usage.completionTokens,
  prompt_tokens_details: {
    cached_tokens: usage.cachedTokens,
    cache_write_tokens: usage.cacheWriteTokens,
    audio_tokens: 0,
  },
  completion_tokens_details: {
    reasoning_tokens: usage.reasoningTokens,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
});
