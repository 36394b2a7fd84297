import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Endpoints by the names that telemetry uses. */
export type Endpoint =
  | 'chat_completions'
  | 'completions'
  | 'responses'
  | 'embeddings'
  | 'messages'
  | 'count_tokens';

/** What a client program saw of one response. Usage is null where the SDK does not show it. */
export interface Served {
  readonly requestId: string;
  readonly endpoint: Endpoint;
  readonly model: string;
  readonly streaming: boolean;
  /** In the dialect's own word; a Responses answer that calls says `function_call`, one without a word is ''. */
  readonly finishReason: string;
  /** Input in all, what a cache was asked for and gave included. */
  readonly usage: { readonly input: number; readonly output: number } | null;
}

/** A stream that a client program left in the middle. */
export interface Left {
  readonly requestId: string;
  readonly endpoint: Endpoint;
  readonly chunksSeen: number;
}

export interface SdkRun {
  /** Of the packages in use, by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** The models that models.list() named. */
  readonly models: readonly string[];
  readonly answers: readonly Served[];
  readonly left: readonly Left[];
  readonly errors: readonly SeenError[];
}

/** How a client program is told what to do. Everything else about it is the SDK's own. */
export interface SdkTask {
  /** With the `/v1` that OpenAI's SDKs want; Anthropic's add it themselves. */
  readonly baseUrl: string;
  readonly apiKey: string;
  /** Two turns each. */
  readonly questions: readonly (readonly [string, string])[];
  /** After how many chunks each stream of the abort phase is left, by endpoint. */
  readonly leaveAfter: Readonly<Partial<Record<Endpoint, readonly number[]>>>;
  /** Calls that must fail. */
  readonly calls: readonly FailingCall[];
}

/** A call of an SDK's method that must fail. It is data, so that every language makes the same call. */
export interface FailingCall {
  readonly sdk: 'openai' | 'anthropic';
  /** The method beneath a client, in the spelling of Python: `messages.count_tokens`. */
  readonly method: string;
  /** Given before all parameters, to methods that want one. */
  readonly id?: string;
  /** Parameters that the method itself wants. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Further fields of the body. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Default: the key of the task, in the header that the SDK sends a key in. */
  readonly key?: { readonly value: string; readonly as: 'key' | 'bearer' };
}

/** What an SDK made of an error. */
export interface SeenError {
  /** Its class and all that one extends, most special first. */
  readonly classes: readonly string[];
  readonly status: number;
  readonly code: string;
  /** `error.type` of the body. */
  readonly type: string;
  /** The top-level field that the error names, or ''. */
  readonly param: string;
  readonly requestId: string;
  /** Everything an application may print of it. */
  readonly text: string;
}

export const ASKED_MODELS = ['sim/chat', 'sim/echo'] as const;
/** Long enough that every abort comes in the middle. */
export const LEFT_STREAM = {
  model: 'sim/chat~20',
  tokensMax: 600,
  prompt: 'Tell me a long story about the river and the people beside it.',
} as const;
export const PARALLEL = 6;

/** What an endpoint's answers are counted by, for `questions` of two turns each. */
export const answersTo = (questions: number) => ({
  // Turns of each question, streamed and not, for two models; two tool requests and a structured one.
  chat: questions * 2 * 2 * 2 + 3,
  /** Responses likewise, tools and reasoning streamed as well; legacy completions streamed and not; embeddings thrice. */
  endpoints: questions * 2 * 2 * 2 + 4 + 1 + 2 + questions * 2 + 3,
  /** Tools, thinking and a cached prompt streamed as well, one structured, two counts. */
  messages: questions * 2 * 2 * 2 + 4 + 4 + 2 + 1 + 2,
});

/** The 80 two-turn questions of MT-Bench, from the fixtures. */
export const mtBenchQuestions = (fixtures: string): [string, string][] =>
  readFileSync(join(fixtures, 'prompts', 'mt-bench.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { turns: [string, string] }).turns);
