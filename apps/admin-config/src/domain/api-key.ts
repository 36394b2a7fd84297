import type { ApiKeyId, GroupId, OrgId, UserId } from '@lethe/contracts';

export const permissionLevels = ['none', 'read', 'write'] as const;
export type PermissionLevel = (typeof permissionLevels)[number];

export interface ApiKey {
  readonly id: ApiKeyId;
  readonly orgId: OrgId;
  readonly ownerUserId: UserId;
  readonly groupId: GroupId | undefined;
  readonly name: string;
  readonly logging: boolean;
  readonly debug: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly permissions: { readonly manage: PermissionLevel; readonly completions: PermissionLevel };
  readonly monthlyLimitNano: bigint; // nano-dollars, 0: unlimited
  readonly expiresAt: Date | undefined;
  readonly revokedAt: Date | undefined;
  readonly createdAt: Date;
}
