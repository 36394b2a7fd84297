import { createInterface } from 'node:readline';

/** Parses one line of the launcher. Its text is never quoted in an error. */
const parseLine = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    throw new Error('the launcher sent a line that is not JSON');
  }
};

/** Lines kept until somebody asks for them. */
const unheardMax = 64;

export interface Launch {
  /** The first line the launcher wrote: secrets and settings that must not stand in the environment. */
  readonly first: unknown;
  /** Called for each later line (rotated secrets, new certificates), also for those that came before it was asked for. */
  onUpdate(listener: (value: unknown) => void): void;
  /** Resolves when the launcher closed the pipe or died. */
  readonly closed: Promise<void>;
}

/**
 * Reads what the launcher hands over on standard input, as JSON lines. A service has no secret in its environment,
 * its arguments or a file of its own, and ends when its launcher does.
 */
export const readLaunch = async (input: NodeJS.ReadableStream = process.stdin): Promise<Launch> => {
  const listeners: ((value: unknown) => void)[] = [];
  const unheard: unknown[] = [];
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  let firstSeen = false;
  let settle: { resolve(value: unknown): void; reject(error: Error): void };
  const first = new Promise<unknown>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const closed = new Promise<void>((resolve) => {
    lines.once('close', () => {
      if (!firstSeen) settle.reject(new Error('the launcher closed the pipe before it handed anything over'));
      resolve();
    });
  });
  lines.on('line', (line) => {
    if (!firstSeen) {
      firstSeen = true;
      try {
        settle.resolve(parseLine(line));
      } catch (error) {
        settle.reject(error as Error);
      }
      return;
    }
    const value = parseLine(line);
    if (listeners.length === 0 && unheard.length < unheardMax) unheard.push(value);
    for (const listener of listeners) listener(value);
  });
  const onUpdate = (listener: (value: unknown) => void): void => {
    listeners.push(listener);
    for (const value of unheard.splice(0)) listener(value);
  };
  return { first: await first, onUpdate, closed };
};
