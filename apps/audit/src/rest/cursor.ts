import { LetheError } from '@lethe/service-kit';

/** An opaque mark in a list: the next page holds what is older than this index. */
export const encodeCursor = (index: number): string => Buffer.from(`before:${index}`).toString('base64url');

/** The index of a mark. Throws LetheError naming `cursor` for anything that is not one. */
export const decodeCursor = (cursor: string): number => {
  const index = /^before:(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'))?.[1];
  if (index === undefined) throw new LetheError('caller.invalid_value', 'cursor');
  return Number(index);
};
