const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;

/** A Postgres array as text, for a parameter that is cast to its type; undefined is NULL. */
export const textArray = (values: readonly (string | number | undefined)[]): string =>
  `{${values.map((value) => (value === undefined ? 'NULL' : quoted(String(value)))).join(',')}}`;
