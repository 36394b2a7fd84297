import { LetheError } from '@lethe/service-kit';
import type { RequestBody } from '../http/types.js';

const modelBytesMax = 256;

/** The model a request names. Throws LetheError naming the field; a name no catalogue could hold is simply unknown. */
export const readModel = (body: RequestBody): string => {
  const field = body.scan.field('model');
  if (field === undefined) throw new LetheError('caller.missing_field', 'model');
  if (field.kind !== 'string') throw new LetheError('caller.invalid_type', 'model');
  const model = body.readString('model', modelBytesMax);
  if (model === undefined) throw new LetheError('caller.model_unknown', 'model');
  return model;
};
