import type { JsonObject } from '../json-codec.js';
import type { OutputPart, Usage } from '../tokens.js';

/** One step of a streamed choice, and the output text in it that is counted. */
export interface Delta {
  readonly delta: JsonObject;
  readonly part: OutputPart;
  readonly text: string;
  readonly logprobs?: JsonObject;
}

export interface Choice {
  /** The finished message, as a response that is not streamed carries it. */
  readonly message: JsonObject;
  readonly logprobs: JsonObject | null;
  readonly finishReason: string;
  /** All output texts; their sum is the same as that of the deltas. */
  readonly outputs: readonly { part: OutputPart; text: string }[];
  /** The same message in steps; made when asked for, because a long answer has thousands. */
  deltas(): Iterable<Delta>;
  /** Fields beside `message` or `delta`. */
  readonly extra?: JsonObject;
}

export interface Answer {
  readonly id: string;
  readonly created: number;
  readonly choices: readonly Choice[];
  readonly usage: Usage;
  /** Fields beside `choices`, in the body and in every chunk. */
  readonly extra?: JsonObject;
  /** Fields inside `usage`. */
  readonly usageExtra?: JsonObject;
}
