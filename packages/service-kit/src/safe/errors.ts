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

/** Reduces any thrown value to facts that cannot carry input. Total: never throws. */
export const errorFacts = (thrown: unknown): ErrorFacts => {
  if (thrown instanceof LetheError) return { name: thrown.name, code: thrown.code, frames: [] };
  if (!(thrown instanceof Error)) return { name: 'NonError', code: typeof thrown, frames: [] };
  const rawCode: unknown = 'code' in thrown ? thrown.code : undefined;
  const code =
    typeof rawCode === 'number'
      ? String(rawCode)
      : typeof rawCode === 'string' && knownCodes.test(rawCode)
        ? rawCode
        : '';
  const frames = (thrown.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at .*:\d+:\d+\)?$/.test(line))
    .slice(0, 8)
    .map((line) =>
      line
        .trim()
        .replace(
          /^at (?:.* \()?(?:file:\/\/)?.*\/((?:apps|packages|node_modules)\/[^()]*?:\d+):\d+\)?$/,
          '$1',
        ),
    )
    .filter((line) => /^(?:apps|packages|node_modules)\//.test(line));
  return { name: knownNames.test(thrown.name) ? thrown.name : 'Error', code, frames };
};
