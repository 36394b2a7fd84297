import type { Context } from 'hono';
import type { z } from 'zod';
import { LetheError } from '../safe/errors.js';

const fieldName = /^[a-z][a-z0-9_]{0,63}$/;

/** The first problem's field, when it is one of the schema's own names; a name the caller chose is withheld. */
const paramOf = (issue: z.core.$ZodIssue): string | null => {
  const name = issue.path[0];
  return typeof name === 'string' && fieldName.test(name) ? name : null;
};

const codeOf = (issue: z.core.$ZodIssue) =>
  issue.code === 'unrecognized_keys'
    ? 'caller.unknown_field'
    : issue.code === 'invalid_type'
      ? 'caller.invalid_type'
      : 'caller.invalid_value';

/** Reads a JSON body of a management call with a strict schema. Throws LetheError naming the field, never the value. */
export const readJson = async <S extends z.ZodType>(c: Context, schema: S): Promise<z.infer<S>> => {
  const bytes = Buffer.from(await c.req.arrayBuffer());
  if (bytes.length === 0) throw new LetheError('caller.empty_body');
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new LetheError('caller.malformed_json');
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  if (issue === undefined) throw new LetheError('caller.invalid_value');
  throw new LetheError(codeOf(issue), paramOf(issue));
};
