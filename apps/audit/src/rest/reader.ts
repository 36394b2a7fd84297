import { timingSafeEqual } from 'node:crypto';
import type { AuditEventInput, OrgId } from '@lethe/contracts';
import { bearerToken, type IdentityClient, LetheError, sourceAddress, tokenSha256 } from '@lethe/service-kit';
import type { Context } from 'hono';
import type { Reader } from '../store/database.js';

/** Who asks, and whose events they may read. */
export interface Access {
  /** undefined: nobody's, not even the own organization's. */
  readonly reader: Reader | undefined;
  readonly orgId: OrgId | undefined;
  readonly actor: AuditEventInput['actor'];
  readonly personal: AuditEventInput['personal'];
}

export type AccessOf = (c: Context) => Promise<Access>;

const operator: Access = {
  reader: 'all',
  orgId: undefined,
  actor: { kind: 'operator', id: 'operator' },
  personal: undefined,
};

export interface AccessOptions {
  readonly identity: Pick<IdentityClient, 'authenticate'>;
  readonly operatorTokenSha256: Buffer;
}

/** Whether this is the operator's token: known here, so that the operator reads the log while admin-config is away. */
export const isOperator = (c: Context, operatorTokenSha256: Buffer): boolean => {
  const token = bearerToken(c.req.header('authorization'));
  return token !== undefined && timingSafeEqual(tokenSha256(token), operatorTokenSha256);
};

/**
 * Whose events the bearer of a token reads: the operator everything, admins and auditors their own organization's,
 * members nothing. Rejects with LetheError.
 */
export const createAccessOf =
  ({ identity, operatorTokenSha256 }: AccessOptions): AccessOf =>
  async (c) => {
    const authorization = c.req.header('authorization');
    if (bearerToken(authorization) === undefined) throw new LetheError('caller.invalid_token');
    if (isOperator(c, operatorTokenSha256)) return operator;
    const principal = await identity.authenticate(authorization, sourceAddress(c));
    const { role, orgId, userId, tokenId, personal } = principal;
    if (role === 'operator') return { ...operator, personal };
    if (orgId === undefined) throw new LetheError('caller.forbidden');
    return {
      reader: role === 'member' ? undefined : { orgId },
      orgId,
      actor: { kind: role, id: userId ?? tokenId ?? 'unknown' },
      personal,
    };
  };

/** The reader of an access that has one. Throws LetheError. */
export const readerOf = ({ reader }: Access): Reader => {
  if (reader === undefined) throw new LetheError('caller.forbidden');
  return reader;
};
