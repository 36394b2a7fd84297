import type { Edit, RequestBody, TopLevelScan } from '../http/types.js';

const nothing = Buffer.alloc(0);

/** Adds edits that take the fields for which `leaves` holds out of the object, commas included. */
export const removeFields = (
  scan: TopLevelScan,
  leaves: (name: string | undefined) => boolean,
  edits: Edit[],
): void => {
  let keptBefore = false;
  for (let index = 0; index < scan.fields.length; index++) {
    const field = scan.fields[index];
    if (field === undefined || !leaves(field.name)) {
      keptBefore = true;
      continue;
    }
    const previous = scan.fields[index - 1];
    const next = scan.fields[index + 1];
    // After a kept field its comma goes too; before the first kept one the comma that follows goes.
    if (keptBefore && previous !== undefined)
      edits.push({ start: previous.valueEnd, end: field.valueEnd, insert: nothing });
    else edits.push({ start: field.keyStart, end: next?.keyStart ?? field.valueEnd, insert: nothing });
  }
};

/** An edit that gives a field this JSON value: in its place, or at the object's start. The object must keep at least one field. */
export const setField = (body: RequestBody, name: string, value: string | Buffer): Edit => {
  const field = body.scan.field(name);
  if (field !== undefined)
    return {
      start: field.valueStart,
      end: field.valueEnd,
      insert: typeof value === 'string' ? Buffer.from(value) : value,
    };
  const at = body.scan.objectStart + 1;
  return { start: at, end: at, insert: Buffer.from(`${JSON.stringify(name)}:${value},`) };
};
