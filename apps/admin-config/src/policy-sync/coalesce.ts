/**
 * Makes calls share runs of a task: a call gets a run that starts after it, and calls that arrive while one is
 * running get the same next one. So at most one run goes on and one waits.
 */
export const coalesce = (task: () => Promise<void>): (() => Promise<void>) => {
  let running: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  return () => {
    if (next === undefined) {
      const settled = running.catch(() => {});
      next = settled.then(() => {
        running = next as Promise<void>;
        next = undefined;
        return task();
      });
    }
    return next;
  };
};
