import type { ClockReading } from './clocks.js';
import { initialRouterState } from './initial.js';
import { routerStep } from './step.js';
import type { PolicyChange, PolicyView, RouterEffect, RouterEvent, RouterState } from './types.js';

/** A reading of both clocks, in milliseconds. */
export const at = (ms: number, uptimeMs: number = ms): ClockReading => ({
  hrtimeNs: BigInt(Math.round(ms * 1e6)),
  uptimeMs,
});

interface Policy {
  readonly zdr?: readonly string[];
  readonly orgs?: readonly string[];
  /** Keys that may log, by organization; the others may not. */
  readonly logging?: readonly string[];
  /** Keys with a sealing key; by default those that may log. */
  readonly sealing?: readonly string[];
}

export const viewOf = ({
  zdr = [],
  orgs = ['a', 'b'],
  logging = orgs,
  sealing = logging,
}: Policy): PolicyView => ({
  organization: (orgId) => (orgs.includes(orgId) ? { zdr: zdr.includes(orgId) } : undefined),
  apiKey: (apiKeyId) => {
    const orgId = apiKeyId.slice(2);
    if (!orgs.includes(orgId)) return undefined;
    return {
      orgId,
      logging: logging.includes(orgId),
      sealingKeyId: sealing.includes(orgId) ? `s-${orgId}` : undefined,
    };
  },
});

export const change = (version: number, policy: Policy = {}, fromVersion?: number): PolicyChange => {
  const { zdr = [], orgs = ['a', 'b'] } = policy;
  return {
    fromVersion: fromVersion === undefined ? undefined : BigInt(fromVersion),
    version: BigInt(version),
    zdrOrgIds: zdr,
    organizations: orgs.map((orgId) => ({ orgId, zdr: zdr.includes(orgId) })),
    view: viewOf(policy),
  };
};

export const entry = (orgId: string) => ({ orgId, apiKeyId: `k-${orgId}`, sealingKeyId: `s-${orgId}` });

/** One router on the bench: takes events, remembers what it did last. */
export class Bench {
  state: RouterState = initialRouterState();
  effects: readonly RouterEffect[] = [];

  do(event: RouterEvent): readonly RouterEffect[] {
    [this.state, this.effects] = routerStep(this.state, event);
    return this.effects;
  }

  names(event: RouterEvent): string[] {
    return this.do(event).map(({ type }) => type);
  }

  /** Connected, with a snapshot at version 5 and a lease from a renewal sent at 0. */
  open(policy: Policy = {}): this {
    this.do({ type: 'connected', bootId: 'boot-1', at: at(0) });
    this.do({ type: 'policy', change: change(5, policy), at: at(10) });
    this.grant(20);
    return this;
  }

  grant(ms: number, version: number = Number(this.state.version), ttlMs = 10_000): string[] {
    return this.names({
      type: 'grant',
      nonce: this.state.nonce,
      ttlMs,
      version: BigInt(version),
      at: at(ms),
    });
  }

  /** Offers one payload of each organization; gives those that were handed to the socket. */
  write(writeId: string, orgIds: readonly string[], when: ClockReading): string[] {
    return this.do({ type: 'write', writeId, entries: orgIds.map(entry), at: when }).flatMap((effect) =>
      effect.type === 'write' ? effect.entries.map(({ orgId }) => orgId) : [],
    );
  }
}
