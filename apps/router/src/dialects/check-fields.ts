import { LetheError } from '@lethe/service-kit';
import type { JsonKind, RequestBody } from '../http/types.js';
import type { Face, FieldRule } from './face.js';

const kinds: Readonly<Record<FieldRule, readonly JsonKind[]>> = {
  string: ['string'],
  number: ['number'],
  boolean: ['true', 'false'],
  object: ['object'],
  array: ['array'],
  string_or_object: ['string', 'object'],
  string_or_array: ['string', 'array'],
  any: ['string', 'number', 'object', 'array', 'true', 'false'],
};

/** Checks presence and kind of the known fields; null counts as absent, except where a value is required. Throws LetheError naming the field. */
export const checkFields = (face: Face, body: RequestBody): void => {
  for (const name of face.required) {
    if (body.scan.field(name) === undefined) throw new LetheError('caller.missing_field', name);
  }
  for (const { name, kind } of body.scan.fields) {
    if (name === undefined) continue;
    if (kind === 'null' && !face.required.includes(name)) continue;
    if (!kinds[face.fields[name] as FieldRule].includes(kind))
      throw new LetheError('caller.invalid_type', name);
  }
};
