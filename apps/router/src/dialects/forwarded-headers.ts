import { LetheError } from '@lethe/service-kit';
import type { Face, ForwardedHeader } from './face.js';

/** What goes on to the provider of a request's head. */
export interface ForwardedHeaders {
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Values that ZDR held back, by place: `anthropic-beta.2`. */
  readonly dropped: readonly string[];
}

const valueBytesMax = 2048;
const listedMax = 64;
const printable = /^[\x20-\x7e]*$/;
const nothing: ForwardedHeaders = { headers: [], dropped: [] };

/** A header that was sent several times is one list. */
const sentValue = ({ name, fallback }: ForwardedHeader, rawHeaders: readonly string[]): string => {
  const values: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if ((rawHeaders[i] as string).toLowerCase() === name) values.push(rawHeaders[i + 1] as string);
  }
  const value = values.join(',');
  if (value.length > valueBytesMax || !printable.test(value))
    throw new LetheError('caller.invalid_value', name);
  return value === '' ? (fallback ?? '') : value;
};

/**
 * The caller's headers that this endpoint hands on, each with its fallback; under ZDR only what is known to make nothing
 * be kept. Throws LetheError caller.invalid_value, naming the header, for a value that is too long or not printable.
 */
export const forwardedHeaders = (
  face: Face,
  rawHeaders: readonly string[],
  zdr: boolean,
): ForwardedHeaders => {
  if (face.forwardedHeaders.length === 0) return nothing;
  const headers: [string, string][] = [];
  const dropped: string[] = [];
  for (const header of face.forwardedHeaders) {
    const value = sentValue(header, rawHeaders);
    const { name, allowedUnderZdr } = header;
    if (!zdr || allowedUnderZdr === undefined) {
      if (value !== '') headers.push([name, value]);
      continue;
    }
    const listed = value.split(',').map((item) => item.trim());
    if (listed.length > listedMax) throw new LetheError('caller.invalid_value', name);
    const kept = listed.filter((item) => allowedUnderZdr.includes(item));
    listed.forEach((item, index) => {
      if (item !== '' && !allowedUnderZdr.includes(item)) dropped.push(`${name}.${index}`);
    });
    if (kept.length > 0) headers.push([name, kept.join(',')]);
  }
  return { headers, dropped };
};
