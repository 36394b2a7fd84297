import type { Serving } from '../exchange.js';
import { serveAnswer } from '../serve-answer.js';

const HANG_MS_MAX = 600_000;
const SLOW_HEAD_MS = 2_000;

/** Says nothing until the client leaves, or for ten minutes. */
export async function hang({ exchange }: Serving): Promise<void> {
  await exchange.wait(HANG_MS_MAX);
  if (!exchange.signal.aborted) exchange.cut();
}

/** Thinks two seconds before the head, then answers. */
export async function answerLate(serving: Serving): Promise<void> {
  await serving.exchange.wait(SLOW_HEAD_MS);
  if (!serving.exchange.signal.aborted) await serveAnswer(serving);
}

export async function resetBeforeHead({ exchange }: Serving): Promise<void> {
  exchange.reset();
}
