import { LetheError } from '@lethe/service-kit';

/** Runs tasks one after another. More than `waitingMax` at once reject with gateway.overloaded. */
export const createSerialQueue = (waitingMax: number) => {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return async <T>(task: () => Promise<T>): Promise<T> => {
    if (waiting >= waitingMax) throw new LetheError('gateway.overloaded');
    waiting += 1;
    const turn = last.then(task, task);
    last = turn.catch(() => {});
    try {
      return await turn;
    } finally {
      waiting -= 1;
    }
  };
};
