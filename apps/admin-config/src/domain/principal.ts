import type { GroupId, OrgId, UserId, Uuid } from '@lethe/contracts';

export type OrgRole = 'admin' | 'member' | 'auditor';
export type GroupRole = 'admin' | 'member';

/** A person of one organization, resolved from a management token. */
export interface UserPrincipal {
  readonly kind: 'user';
  readonly tokenId: Uuid;
  readonly userId: UserId;
  readonly orgId: OrgId;
  readonly orgSlug: string;
  readonly role: OrgRole;
  readonly adminGroupIds: ReadonlySet<GroupId>;
}

/** Who acts: a user, the deployment's operator (of no organization), another service of the house, or nobody. */
export type Principal =
  | UserPrincipal
  | { readonly kind: 'operator' }
  | { readonly kind: 'service'; readonly name: 'accounting' | 'admin-config' }
  | { readonly kind: 'nobody' };

/** A principal, the id of the call it makes and where the call came from: what goes into the audit event. */
export interface Caller {
  readonly principal: Principal;
  readonly correlationId: Uuid;
  /** Of the socket. It stands in events as a salted digest only. */
  readonly sourceIp?: string | undefined;
}

/** The organization a call is about: the principal's own, or the one an operator names. */
export type OrgRef = { readonly id: OrgId } | { readonly slug: string };
