import type { z } from 'zod';

/** Reads JSON text of a known shape; undefined for anything else. Nothing of the text gets into an error. */
export const decodeJson = <S extends z.ZodType>(schema: S, text: string): z.infer<S> | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
};
