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
  | { readonly kind: 'service'; readonly name: 'accounting' }
  | { readonly kind: 'nobody' };

/** A principal and the id of the call it makes; the id goes into the audit event. */
export interface Caller {
  readonly principal: Principal;
  readonly correlationId: Uuid;
}

/** The organization a call is about: the principal's own, or the one an operator names. */
export type OrgRef = { readonly id: OrgId } | { readonly slug: string };
