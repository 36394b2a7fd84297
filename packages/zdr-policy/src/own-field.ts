/**
 * The value of a record's own field; undefined when there is none or it cannot be read. Never throws.
 * Inherited fields do not count, so a polluted prototype cannot turn a missing answer into a permission.
 */
export function ownField(record: unknown, field: string): unknown {
  try {
    if (Object.hasOwn(record as object, field)) return (record as Record<string, unknown>)[field];
  } catch {
    // What cannot be read is the same as what is not there.
  }
  return undefined;
}
