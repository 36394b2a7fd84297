import type { OrgId, Uuid } from '@lethe/contracts';

/** The one-way commitment. There is no type for an organization that left it. */
export interface ZdrCommitment {
  readonly enabledAt: Date;
  readonly version: bigint;
  readonly keysForcedOff: number;
  readonly eventId: Uuid;
}

/** How much of a request is kept where a key may log, in bytes of UTF-8: of one string, and of the whole document. */
export interface PayloadLimits {
  readonly partBytesMax: number;
  readonly totalBytesMax: number;
}

export interface Organization {
  readonly id: OrgId;
  readonly slug: string;
  readonly name: string;
  readonly defaultLogging: boolean;
  readonly allowLoggingChange: boolean;
  readonly payloadLimits: PayloadLimits;
  readonly zdr: ZdrCommitment | undefined;
  readonly createdAt: Date;
}
