import type { OrgId } from '@lethe/contracts';
import type { ZdrCommitment } from './zdr.js';

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
