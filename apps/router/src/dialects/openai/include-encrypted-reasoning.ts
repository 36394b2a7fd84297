import { LetheError } from '@lethe/service-kit';
import type { Edit } from '../../http/types.js';
import type { EditContext } from '../face.js';
import { setField } from '../field-edits.js';

const wanted = '"reasoning.encrypted_content"';
const listBytesMax = 4096;
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;

/**
 * Under ZDR nothing of a chain of thought is stored, so it has to travel with the answer to last for several turns: adds
 * it to `include`, next to what the caller asked for. Throws LetheError caller.invalid_value for a list beyond reason.
 */
export const includeEncryptedReasoning = ({ body, zdr, reasons }: EditContext): readonly Edit[] => {
  const reasoning = body.scan.field('reasoning')?.kind === 'object';
  if (!zdr || (!reasons && !reasoning)) return [];
  const include = body.scan.field('include');
  if (include === undefined || include.kind === 'null') return [setField(body, 'include', `[${wanted}]`)];
  const list = body.readBytes('include', listBytesMax);
  if (list === undefined) throw new LetheError('caller.invalid_value', 'include');
  const asked = list.includes(wanted);
  const isEmpty = list.subarray(1, -1).every(isSpace);
  list.fill(0);
  if (asked) return [];
  const at = include.valueStart + 1;
  return [{ start: at, end: at, insert: Buffer.from(isEmpty ? wanted : `${wanted},`) }];
};
