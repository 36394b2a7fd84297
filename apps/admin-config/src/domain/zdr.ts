import type { OrgId, Uuid } from '@lethe/contracts';

/** A router in the evidence, and how long after the commitment it was known to be safe. */
export interface ZdrWitness {
  readonly router_id: string;
  /** 32 hex digits. */
  readonly boot_id: string;
  readonly after_ms: number;
}

/** How the barrier came to its end, in the form in which it is stored, answered and hashed. */
export interface ZdrEvidence {
  readonly acknowledged: readonly ZdrWitness[];
  readonly lapsed: readonly ZdrWitness[];
  readonly took_ms: number;
}

/** The one-way commitment and the steps it has taken, each once. There is no type for an organization that left it. */
export interface ZdrCommitment {
  readonly enabledAt: Date;
  readonly version: bigint;
  readonly keysForcedOff: number;
  readonly eventId: Uuid;
  readonly shredHistory: boolean;
  readonly shreddedAt: Date | undefined;
  readonly barrier: { readonly evidence: ZdrEvidence; readonly eventId: Uuid } | undefined;
  readonly effectiveAt: Date | undefined;
}

export interface CommittedOrg {
  readonly orgId: OrgId;
  /** The config version that enabled ZDR. */
  readonly version: bigint;
}

/** Closes accounting's gate. Resolves to when the history's keys were destroyed, undefined: they were not. */
export type SealOrg = (org: CommittedOrg, shredHistory: boolean) => Promise<Date | undefined>;

/** Why no lease is granted and no ZDR confirmed until an operator repaired it. */
export const guardReasons = [
  'anchors_ahead',
  'database_behind',
  'router_ahead',
  'router_remembers',
  'zdr_forgotten',
] as const;
export type GuardReason = (typeof guardReasons)[number];
