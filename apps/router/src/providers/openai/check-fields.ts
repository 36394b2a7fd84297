import { LetheError } from '@lethe/service-kit';
import type { JsonKind, RequestBody } from '../../http/types.js';
import { type ChatField, chatFieldRules, requiredChatFields } from './chat-fields.js';

const kinds: Readonly<Record<(typeof chatFieldRules)[ChatField], readonly JsonKind[]>> = {
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
export const checkChatFields = (body: RequestBody<ChatField>): void => {
  for (const name of requiredChatFields) {
    if (body.scan.field(name) === undefined) throw new LetheError('caller.missing_field', name);
  }
  for (const { name, kind } of body.scan.fields) {
    if (name === undefined) continue;
    if (kind === 'null' && !requiredChatFields.includes(name)) continue;
    if (!kinds[chatFieldRules[name]].includes(kind)) throw new LetheError('caller.invalid_type', name);
  }
};
