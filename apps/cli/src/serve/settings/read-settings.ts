import type { z } from 'zod';
import type { Check, Given, ProblemCode, SettingProblem } from './checks.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface SettingsSpec<S extends z.ZodObject> {
  readonly schema: S;
  readonly checks: readonly Check[];
}

export type Reading<T> =
  | { readonly settings: T }
  /** Everything that is wrong, in the order of the schema. */
  | { readonly problems: readonly SettingProblem[] };

/** An empty variable is an unset one: compose files pass empty ones on. */
const textOf = (env: Environment, name: string): string | undefined => env[name] || undefined;

const faultOf = (
  issue: z.core.$ZodIssue | undefined,
  text: string | undefined,
): Omit<SettingProblem, 'name'> => {
  const words = issue?.message ?? 'cannot be used';
  const code: unknown = issue?.code === 'custom' ? issue.params?.code : undefined;
  return { words, code: text === undefined ? 'notSet' : ((code ?? 'malformed') as ProblemCode) };
};

/**
 * Reads settings from the environment and from the files it names, as they are now. Every problem at once, each by the
 * variable's name; nothing of a value is in any.
 */
export const readSettings = <S extends z.ZodObject>(
  { schema, checks }: SettingsSpec<S>,
  env: Environment,
): Reading<z.infer<S>> => {
  const given: Record<string, unknown> = {};
  const problems: SettingProblem[] = [];
  for (const [name, field] of Object.entries(schema.shape)) {
    const text = textOf(env, name);
    const parsed = (field as z.ZodType).safeParse(text);
    if (parsed.success) given[name] = parsed.data;
    else problems.push({ name, ...faultOf(parsed.error.issues[0], text) });
  }
  const isSet = (name: string): boolean => textOf(env, name) !== undefined;
  for (const check of checks) problems.push(...check(given as Given, isSet));
  if (problems.length > 0) return { problems };
  return { settings: given as z.infer<S> };
};
