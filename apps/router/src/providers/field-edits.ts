import type { Edit, TopLevelField, TopLevelScan } from '../http/types.js';

/** Replaces the value of a field by `json`. */
export const replaceValue = (field: TopLevelField, json: Buffer): Edit => ({
  start: field.valueStart,
  end: field.valueEnd,
  insert: json,
});

export interface FieldChanges<Name extends string> {
  /** Fields that shall have this value (JSON): replaced where they are, else added in front. */
  readonly set: ReadonlyMap<Name, Buffer>;
  /** True for fields that shall be gone. */
  readonly removes: (field: TopLevelField<Name>) => boolean;
}

/** The edits that make all changes at once, with the right commas wherever the fields stand. */
export const editFields = <Name extends string>(
  scan: TopLevelScan<Name>,
  { set, removes }: FieldChanges<Name>,
): Edit[] => {
  const gone = scan.fields.map((field) => removes(field));
  const kept = scan.fields.filter((_, index) => gone[index] === false);
  const edits = removals(scan.fields, gone);
  const added: Buffer[] = [];
  for (const [name, json] of set) {
    const field = kept.find((candidate) => candidate.name === name);
    if (field !== undefined) edits.push(replaceValue(field, json));
    else added.push(Buffer.from(`${added.length > 0 ? ',' : ''}${JSON.stringify(name)}:`), json);
  }
  if (added.length > 0) {
    if (kept.length > 0) added.push(Buffer.from(','));
    const at = scan.objectStart + 1;
    edits.push({ start: at, end: at, insert: Buffer.concat(added) });
  }
  return edits;
};

const removals = (fields: readonly TopLevelField[], gone: readonly boolean[]): Edit[] => {
  const edits: Edit[] = [];
  const none = Buffer.alloc(0);
  let lastKept: TopLevelField | undefined;
  let run: TopLevelField | undefined;
  fields.forEach((field, index) => {
    if (gone[index] === true) {
      run ??= field;
      return;
    }
    // A run that a kept field follows goes with its trailing comma.
    if (run !== undefined) edits.push({ start: run.keyStart, end: field.keyStart, insert: none });
    run = undefined;
    lastKept = field;
  });
  const last = fields.at(-1);
  if (run !== undefined && last !== undefined) {
    // The last run goes with the comma before it, if there is one.
    edits.push({ start: lastKept?.valueEnd ?? run.keyStart, end: last.valueEnd, insert: none });
  }
  return edits;
};
