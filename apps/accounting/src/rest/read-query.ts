import { z } from '@hono/zod-openapi';
import { LetheError } from '@lethe/service-kit';
import type { Context } from 'hono';

const timeMsMax = 2 ** 48 - 1;

/** A moment as RFC 3339 text, read into milliseconds since 1970. */
export const moment = z.iso
  .datetime({ offset: true })
  .transform((text) => Date.parse(text))
  .refine((ms) => ms >= 0 && ms <= timeMsMax);

/**
 * Reads the query with a strict schema. A name that ends in `[]` may be repeated. Throws LetheError naming the
 * parameter; a name the caller made up and every value are withheld.
 */
export const readQuery = <S extends z.ZodObject>(c: Context, schema: S): z.infer<S> => {
  const given = new Map(Object.entries(c.req.queries()));
  const query: Record<string, unknown> = {};
  for (const [name, values] of given) {
    if (!Object.hasOwn(schema.shape, name)) throw new LetheError('caller.unknown_field');
    query[name] = name.endsWith('[]') || values.length !== 1 ? values : values[0];
  }
  const parsed = schema.safeParse(query);
  if (parsed.success) return parsed.data;
  const name = parsed.error.issues[0]?.path[0];
  const param = typeof name === 'string' && Object.hasOwn(schema.shape, name) ? name : null;
  throw new LetheError(
    param !== null && !given.has(param) ? 'caller.missing_field' : 'caller.invalid_value',
    param,
  );
};
