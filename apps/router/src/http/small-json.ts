import { JsonScanner, knownNames } from '@lethe/json-scanner';
import { LetheError } from '@lethe/service-kit';

/** Largest object that is parsed at all. */
export const smallObjectBytesMax = 8 * 1024;
const limits = { nestingMax: 16, topLevelFieldsMax: 64 };
const noNames = knownNames<never>([]);

/**
 * Parses one small object of a request. Throws LetheError with `param`: invalid_type when it is no object of at most
 * 8 KiB, duplicate_field when a key is given twice (gateway and provider could then read it differently).
 */
export const parseSmallObject = (bytes: Buffer, param: string): Readonly<Record<string, unknown>> => {
  if (bytes.length > smallObjectBytesMax) throw new LetheError('caller.invalid_type', param);
  try {
    const scanner = new JsonScanner(noNames, limits);
    scanner.feed(bytes);
    scanner.finish();
  } catch (error) {
    const isDuplicate = error instanceof LetheError && error.code === 'caller.duplicate_field';
    throw new LetheError(isDuplicate ? 'caller.duplicate_field' : 'caller.invalid_type', param);
  }
  return JSON.parse(bytes.toString('utf8')) as Record<string, unknown>;
};
