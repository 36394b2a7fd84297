import { randomBytes } from 'node:crypto';

const baseCharactersMax = 40;

/**
 * The id of one worker process: told apart from every other, also from the one it replaces and from those of an
 * earlier primary. A dead router's lease must run out by itself; nobody may renew it under the same name.
 */
export const workerRouterId = (base: string, index: number): string =>
  `${base.slice(0, baseCharactersMax)}.${index}.${randomBytes(8).toString('hex')}`;

/** What a worker is handed over: what the primary was, as a single router with an id of its own. */
export const workerLaunch = (launched: object, routerId: string): object => ({
  ...launched,
  routerId,
  workers: 1,
});

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** The launch object with the members that a line `{renew: {...}}` brought anew. */
export const renewedLaunch = (launched: object, line: unknown, names: readonly string[]): object => {
  const renew: unknown = isObject(line) && 'renew' in line ? line.renew : undefined;
  if (!isObject(renew)) return launched;
  return {
    ...launched,
    ...Object.fromEntries(Object.entries(renew).filter(([name]) => names.includes(name))),
  };
};

/** A worker runs under the flags of the primary without the right to start processes. */
export const workerFlags = (flags: readonly string[]): string[] =>
  flags.filter((flag) => flag !== '--allow-child-process' && flag !== '--disable-warning=SecurityWarning');
