import { isRawObjectKey } from '@lethe/contracts';
import type { ObjectReader } from '@lethe/object-store';
import type { CounterOf, Logger } from '@lethe/service-kit';
import { type BackgroundLoop, startLoop } from '../background-loop.js';
import type { ControlStore } from './control-store.js';

const everyMs = 60_000;
const retryMsMax = 60_000;
const pageMax = 500;

interface SweeperOptions {
  readonly store: Pick<ControlStore, 'objectsWithoutRow' | 'goneObjects' | 'forgetGoneObject'>;
  readonly objects: Pick<ObjectReader, 'list' | 'remove'>;
  /** An object younger than this may belong to a payload that is still on its way. */
  readonly orphanMs: number;
  readonly removed: CounterOf<'lethe_accounting_objects_removed_total'>;
  readonly log: Logger;
}

/** Removes objects whose row was removed, some at a time; the list is forgotten only after the object is gone. */
const sweepGone = async ({ store, objects, removed }: SweeperOptions, signal: AbortSignal): Promise<void> => {
  for (let page: readonly string[] = ['first']; page.length > 0 && !signal.aborted; ) {
    page = await store.goneObjects(pageMax);
    for (const key of page) {
      await objects.remove(key);
      await store.forgetGoneObject(key);
      removed.inc({ code: 'row_gone' });
    }
  }
};

/** Removes old objects that no row refers to: their content key never committed, so nobody can open them. */
const sweepOrphans = async (options: SweeperOptions, signal: AbortSignal): Promise<void> => {
  const { store, objects, orphanMs, removed } = options;
  let after: string | undefined;
  while (!signal.aborted) {
    const page = await objects.list({ after, limit: pageMax });
    const old = page.filter(
      ({ key, storedAtMs }) => isRawObjectKey(key) && storedAtMs < Date.now() - orphanMs,
    );
    for (const key of await store.objectsWithoutRow(old.map((each) => each.key))) {
      await objects.remove(key);
      removed.inc({ code: 'orphan' });
    }
    after = page.at(-1)?.key;
    if (page.length < pageMax) return;
  }
};

/** Every minute: objects whose row is gone, and objects that never got one. */
export const startObjectSweeper = (options: SweeperOptions): BackgroundLoop =>
  startLoop({
    event: 'object_sweeper.turn',
    everyMs,
    retryMsMax,
    log: options.log,
    run: async (signal) => {
      await sweepGone(options, signal);
      await sweepOrphans(options, signal);
    },
  });
