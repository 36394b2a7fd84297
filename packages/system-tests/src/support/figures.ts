/** Prints what a suite counted, one line, after its tests. */
export const printFigures = (suite: string, figures: Readonly<Record<string, unknown>>): void => {
  const text = Object.entries(figures).map(([name, value]) => `${name} ${String(value)}`);
  process.stderr.write(`${suite}: ${text.join(', ')}\n`);
};

/** Runs tasks, at most `width` at once; results in the order of the tasks. */
export const inParallel = async <T, R>(
  tasks: readonly T[],
  width: number,
  run: (task: T, index: number) => Promise<R>,
): Promise<R[]> => {
  const results: R[] = new Array<R>(tasks.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < tasks.length; index = next++)
      results[index] = await run(tasks[index] as T, index);
  };
  await Promise.all(Array.from({ length: Math.min(width, tasks.length) }, worker));
  return results;
};
