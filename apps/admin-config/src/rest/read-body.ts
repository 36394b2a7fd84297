import { isUtf8 } from 'node:buffer';
import { LetheError, readJson } from '@lethe/service-kit';
import type { Context } from 'hono';
import { hasDuplicateField } from './duplicate-field.js';
import type { Endpoint } from './endpoint.js';

const fieldName = /^[a-z][a-z0-9_]{0,63}$/;

/** Reads the body with the endpoint's schema. Throws LetheError naming the field, never the value. */
export const readBody = async (c: Context, { body, bodyOptional }: Endpoint): Promise<unknown> => {
  if (body === undefined) return undefined;
  const bytes = Buffer.from(await c.req.arrayBuffer());
  if (bytes.length === 0 && bodyOptional === true) return body.parse({});
  if (!isUtf8(bytes)) throw new LetheError('caller.invalid_utf8');
  const parsed: unknown = await readJson(c, body);
  if (hasDuplicateField(bytes.toString('utf8'))) throw new LetheError('caller.duplicate_field');
  return parsed;
};

/** Reads the query with the endpoint's schema. Throws caller.invalid_value naming the parameter. */
export const readQuery = (c: Context, { query }: Endpoint): unknown => {
  if (query === undefined) return {};
  const parsed = query.safeParse(c.req.query());
  if (parsed.success) return parsed.data;
  const name = parsed.error.issues[0]?.path[0];
  throw new LetheError(
    'caller.invalid_value',
    typeof name === 'string' && fieldName.test(name) ? name : null,
  );
};
