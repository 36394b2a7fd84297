import { type Uuid, uuidBytes, uuidText } from '@lethe/contracts';
import { LetheError } from '@lethe/service-kit';
import type { Answer } from './endpoint.js';

interface PageQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

const idOfCursor = (cursor: string | undefined): Uuid | undefined => {
  if (cursor === undefined) return undefined;
  const id = uuidText(Buffer.from(cursor, 'base64url'));
  if (id === undefined) throw new LetheError('caller.invalid_value', 'cursor');
  return id;
};

/** Answers one page of a list that is ordered by id: reads one item more than asked to know whether there is more. */
export const listPage = async <T extends { readonly id: Uuid }>(
  query: PageQuery,
  read: (page: { readonly after: Uuid | undefined; readonly limit: number }) => Promise<readonly T[]>,
  show: (item: T) => unknown,
): Promise<Answer> => {
  const items = await read({ after: idOfCursor(query.cursor), limit: query.limit + 1 });
  const shown = items.slice(0, query.limit);
  const last = shown.at(-1);
  const more = items.length > query.limit && last !== undefined;
  return {
    status: 200,
    body: {
      data: shown.map(show),
      next_cursor: more ? uuidBytes(last.id).toString('base64url') : null,
    },
  };
};
