import { denseCanary } from '@lethe/leak-prover';
import { Caller } from './caller.js';
import type { ResidueCase } from './cases.js';
import { promptText } from './prompt-text.js';
import { describeHits, type Remains, remains } from './remains.js';
import type { RouterProcess } from './router-process.js';
import type { World } from './world.js';

export interface Outcome {
  /** What went wrong in the case itself; undefined when it went as it is named. */
  readonly failed: string | undefined;
  /** Empty is right. */
  readonly left: readonly string[];
  readonly afterMs: number;
}

const caseMsMax = 20_000;

const within = async (run: Promise<void>): Promise<string | undefined> => {
  let timeout: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timeout = setTimeout(() => reject(new Error('an end')), caseMsMax);
  });
  try {
    await Promise.race([run, late]);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : 'failed';
  } finally {
    clearTimeout(timeout);
  }
};

/** Runs one case on a connection that stays open, and looks for what is left of it. */
export const runCase = async (
  world: World,
  router: RouterProcess,
  { name, run }: Pick<ResidueCase, 'name' | 'run'>,
): Promise<Outcome> => {
  const caller = new Caller(world, router);
  const needle = denseCanary(name);
  const text = (bytes: number): string => promptText(needle, bytes);
  const failed = await within(run({ caller, provider: world.provider, text }));
  const { hits, afterMs }: Remains = await remains(router.pid, [needle]);
  caller.close();
  return { failed, left: describeHits(hits), afterMs };
};

/** One after the other; outcomes by name. */
export const runCases = async (
  world: World,
  router: RouterProcess,
  cases: readonly ResidueCase[],
): Promise<Map<string, Outcome>> => {
  const outcomes = new Map<string, Outcome>();
  for (const each of cases) outcomes.set(each.name, await runCase(world, router, each));
  return outcomes;
};

/** What a person has to know of outcomes; nothing when all is gone and every case went as it is named. */
export const problemsOf = (outcomes: ReadonlyMap<string, Outcome>): string[] =>
  [...outcomes].flatMap(([name, { failed, left }]) => [
    ...(failed === undefined ? [] : [`${name}: ${failed}`]),
    ...left,
  ]);

/** Other callers' requests, 1 KB each, four at a time, until `stop`. */
export const startLoad = (
  world: World,
  router: RouterProcess,
): { readonly answered: () => number; stop(): Promise<void> } => {
  const caller = new Caller(world, router);
  const body = [caller.chat('nothing that is looked for. '.repeat(36))];
  let stopped = false;
  let answered = 0;
  const loop = async (): Promise<void> => {
    while (!stopped) {
      const { status } = await caller.ask({ body });
      if (status === 200) answered++;
    }
  };
  const loops = Promise.allSettled(Array.from({ length: 4 }, loop));
  return {
    answered: () => answered,
    stop: async () => {
      stopped = true;
      await loops;
      caller.close();
    },
  };
};
