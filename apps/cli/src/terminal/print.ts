/** Results: what a script would read. */
export const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Progress and remarks: what a person reads meanwhile. */
export const remark = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** Runs a step and says how long it took. */
export const timed = async <T>(what: string, step: () => Promise<T>): Promise<T> => {
  const startedAtMs = performance.now();
  const result = await step();
  remark(`  ${what.padEnd(20)} ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`);
  return result;
};

/** Rows as left-aligned columns under a heading. */
export const table = (heading: readonly string[], rows: readonly (readonly string[])[]): string => {
  const lines = [heading, ...rows];
  const widths = heading.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};
