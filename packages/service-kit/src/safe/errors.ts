import { type ErrorCode, errorCodes } from '@lethe/contracts';

/** Variable parts of an error: numbers, booleans and identifiers of ours. Never text from outside. */
export type ErrorFields = Readonly<Record<string, number | boolean | string>>;

/**
 * The house's one error class. `code` is closed and says whose fault it is; the message is a constant. `param`
 * names a field of the request. The cause of an error is dropped where it is caught, never carried along.
 */
export class LetheError extends Error {
  constructor(
    readonly code: ErrorCode,
    readonly param: string | null = null,
    readonly fields: ErrorFields = {},
  ) {
    super(errorCodes[code].message);
    this.name = 'LetheError';
  }
}

const knownNames = /^[A-Za-z]{1,40}$/;
const knownCodes = /^[A-Z0-9_]{1,40}$/;

/** What may be logged of anything thrown: a name, a code and stack frames without the message line. */
export interface ErrorFacts {
  readonly name: string;
  readonly code: string;
  readonly frames: readonly string[];
}

const noFacts: ErrorFacts = { name: 'NonError', code: '', frames: [] };
const stackHead = /^[\w$]*(?: \[[A-Z0-9_]+\])?(?:: )?$/;
const frameLine = /^\s+at /;
const framePath = /^\s+at .*?((?:apps|packages|node_modules)\/[\w@./+-]+:\d+):\d+\)?$/;

/** The lines behind the message. None when the message is not the one the stack begins with: it could not be told from them. */
const linesBehindMessage = (stack: string, message: string): readonly string[] => {
  const [head = '', ...behind] = message === '' ? stack.split('\n') : [];
  if (message === '') return stackHead.test(head) ? behind : [];
  const at = stack.indexOf(message);
  if (at === -1 || !stackHead.test(stack.slice(0, at))) return [];
  const rest = stack.slice(at + message.length);
  return rest.startsWith('\n') ? rest.slice(1).split('\n') : [];
};

const framesOf = ({ stack, message }: { readonly stack?: unknown; readonly message: unknown }): string[] => {
  if (typeof stack !== 'string' || typeof message !== 'string') return [];
  const lines = linesBehindMessage(stack, message);
  const end = lines.findIndex((line) => !frameLine.test(line));
  return lines
    .slice(0, end === -1 ? undefined : end)
    .flatMap((line) => framePath.exec(line)?.[1] ?? [])
    .slice(0, 8);
};

const codeOf = (error: Error): string => {
  const code: unknown = 'code' in error ? error.code : undefined;
  if (typeof code === 'number') return String(code);
  return typeof code === 'string' && knownCodes.test(code) ? code : '';
};

/** Reduces any thrown value to facts that cannot carry input. Total: never throws. */
export const errorFacts = (thrown: unknown): ErrorFacts => {
  try {
    if (thrown instanceof LetheError) return { name: 'LetheError', code: thrown.code, frames: [] };
    if (!(thrown instanceof Error)) return { ...noFacts, code: typeof thrown };
    const name: unknown = thrown.name;
    return {
      name: typeof name === 'string' && knownNames.test(name) ? name : 'Error',
      code: codeOf(thrown),
      frames: framesOf(thrown),
    };
  } catch {
    return noFacts; // A getter or a proxy that throws.
  }
};
