import { isBoundedIdentifier } from '@lethe/contracts';
import { LetheError } from '@lethe/service-kit';
import type { RequestBody } from '../http/types.js';
import type { Face } from './face.js';

const opaqueBytesMax = 64;

/** Refuses top-level fields that may not leave under ZDR. Throws LetheError org_policy.field_refused, naming a known field. */
export const refuseFields = ({ zdr }: Face, body: RequestBody): void => {
  for (const { name, kind } of body.scan.fields) {
    if (name === undefined) throw new LetheError('org_policy.field_refused');
    if (zdr.refused.includes(name) && kind !== 'null') throw new LetheError('org_policy.field_refused', name);
    if (zdr.refusedWhenTrue.includes(name) && kind === 'true')
      throw new LetheError('org_policy.field_refused', name);
  }
};

const isOpaque = (body: RequestBody, name: string): boolean =>
  isBoundedIdentifier(body.readString(name, opaqueBytesMax));

/** An object that holds these members alone, each of them opaque or null. */
const hasOpaqueMembersOnly = (body: RequestBody, name: string, members: readonly string[]): boolean => {
  const object = body.readObject(name);
  return Object.entries(object ?? {}).every(
    ([member, value]) => members.includes(member) && (value === null || isBoundedIdentifier(value)),
  );
};

/** The names of the fields that ZDR takes out of this request. */
export const strippedFields = ({ zdr }: Face, body: RequestBody): string[] => {
  const sent = (name: string): boolean => body.scan.field(name) !== undefined;
  return [
    ...zdr.stripped.filter(sent),
    ...zdr.opaque.filter((name) => sent(name) && !isOpaque(body, name)),
    ...zdr.opaqueMembers
      .filter(({ field, members }) => sent(field) && !hasOpaqueMembersOnly(body, field, members))
      .map(({ field }) => field),
  ];
};
