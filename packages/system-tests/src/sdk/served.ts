import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a client program saw of one response. Usage is null where the SDK does not show it. */
export interface Served {
  readonly requestId: string;
  readonly model: string;
  readonly streaming: boolean;
  readonly finishReason: string;
  readonly usage: { readonly input: number; readonly output: number } | null;
}

/** A stream that a client program left in the middle. */
export interface Left {
  readonly requestId: string;
  readonly chunksSeen: number;
}

export interface SdkRun {
  readonly version: string;
  /** The models that models.list() named. */
  readonly models: readonly string[];
  readonly answers: readonly Served[];
  readonly left: readonly Left[];
}

/** How a client program is told what to do. Everything else about it is the SDK's own. */
export interface SdkTask {
  readonly baseUrl: string;
  readonly apiKey: string;
  /** Two turns each. */
  readonly questions: readonly (readonly [string, string])[];
  /** After how many chunks each stream of the abort phase is left. */
  readonly leaveAfter: readonly number[];
}

export const ASKED_MODELS = ['sim/chat', 'sim/echo'] as const;
/** Long enough that every abort comes in the middle. */
export const LEFT_STREAM = { model: 'sim/chat~20', tokensMax: 600 } as const;
export const PARALLEL = 6;

/** The 80 two-turn questions of MT-Bench, from the fixtures. */
export const mtBenchQuestions = (fixtures: string): [string, string][] =>
  readFileSync(join(fixtures, 'prompts', 'mt-bench.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { turns: [string, string] }).turns);
