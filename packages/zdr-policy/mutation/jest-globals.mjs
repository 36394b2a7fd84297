// Stands in for @jest/globals when the tests run as one plain script: Stryker starts that script once for every
// mutant, and a whole Jest each time would take minutes. Stops at the first test that fails.
export { expect } from 'expect';

export const describe = (_name, body) => body();

export const it = (name, body) => {
  const outcome = body();
  if (outcome instanceof Promise) throw new Error(`only synchronous tests run here: ${name}`);
  started += 1;
};
it.each = (cases) => (name, body) => {
  for (const value of cases) it(name, () => body(value));
};

let started = 0;
process.on('exit', (code) => {
  if (code === 0 && started === 0) process.exitCode = 1;
});
