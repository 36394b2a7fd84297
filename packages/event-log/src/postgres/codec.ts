/** A Postgres array of bytea; null elements stay null. */
export const byteaArray = (values: readonly (Buffer | null)[]): string =>
  `{${values.map((value) => (value === null ? 'NULL' : `"\\\\x${value.toString('hex')}"`)).join(',')}}`;

/** Headers as stored: JSON of the pairs in UTF-8. */
export const encodeHeaders = (headers: Readonly<Record<string, string>> | undefined): Buffer | null =>
  headers === undefined || Object.keys(headers).length === 0 ? null : Buffer.from(JSON.stringify(headers));

/** The headers of a stored record; what is not a string is left out. Bytes that are no JSON object mean no headers. */
export const decodeHeaders = (stored: Buffer | null): Record<string, string> | undefined => {
  if (stored === null) return undefined;
  try {
    const parsed: unknown = JSON.parse(stored.toString('utf8'));
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    const pairs = Object.entries(parsed).filter(
      (pair): pair is [string, string] => typeof pair[1] === 'string',
    );
    return Object.fromEntries(pairs);
  } catch {
    return undefined;
  }
};
