import type { OrgId, Uuid } from '@lethe/contracts';

/** The one-way commitment. There is no type for an organization that left it. */
export interface ZdrCommitment {
  readonly enabledAt: Date;
  readonly version: bigint;
  readonly keysForcedOff: number;
  readonly eventId: Uuid;
}

export interface Organization {
  readonly id: OrgId;
  readonly slug: string;
  readonly name: string;
  readonly defaultLogging: boolean;
  readonly allowLoggingChange: boolean;
  readonly zdr: ZdrCommitment | undefined;
  readonly createdAt: Date;
}
