import { leaseTiming } from '../timing.js';
import { initialAdminState } from './initial.js';
import { adminStep } from './step.js';
import type { AdminEffect, AdminEvent, AdminState, LeaseRow } from './types.js';

type Untimed = AdminEvent extends infer E ? (E extends AdminEvent ? Omit<E, 'atMs'> : never) : never;

export const row = (routerId: string, part: Partial<LeaseRow> = {}): LeaseRow => ({
  routerId,
  bootId: 'boot-1',
  firstVersion: 3n,
  grantedVersion: 5n,
  renewals: 10n,
  ackedVersion: 5n,
  released: false,
  ...part,
});

/** One replica on the bench, with a clock that the test moves. */
export class AdminBench {
  state: AdminState = initialAdminState(leaseTiming(10_000));
  effects: readonly AdminEffect[] = [];
  nowMs = 1000;

  do(event: Untimed): readonly AdminEffect[] {
    [this.state, this.effects] = adminStep(this.state, { ...event, atMs: this.nowMs } as AdminEvent);
    return this.effects;
  }

  names(event: Untimed): string[] {
    return this.do(event).map(({ type }) => type);
  }

  /** The policy is read until nothing asks for it any more. */
  loaded(version: number, zdrOrgIds: readonly string[] = []): readonly AdminEffect[] {
    if (!this.state.loadRunning) this.do({ type: 'changed' });
    const all: AdminEffect[] = [];
    while (this.state.loadRunning) {
      const { loads: loadId } = this.state;
      all.push(...this.do({ type: 'policy_loaded', loadId, version: BigInt(version), zdrOrgIds }));
    }
    return all.filter(({ type }) => type !== 'load_policy');
  }

  /** A stream of a router that has been brought to version 5. */
  joined(streamId: string, routerId: string = `router-${streamId}`): this {
    this.do({ type: 'hello', streamId, routerId, bootId: 'boot-1', haveVersion: 0n });
    this.loaded(Math.max(5, Number(this.state.version)), [...this.state.zdrOrgIds]);
    return this;
  }

  /** EnableZDR of organization `a`, committed as version 6. */
  committed(): this {
    this.do({ type: 'enable_zdr', orgId: 'a', requestId: 'request-1' });
    this.do({ type: 'zdr_committed', orgId: 'a', version: 6n, effective: false });
    this.loaded(6, ['a']);
    return this;
  }

  read(rows: readonly LeaseRow[]): readonly AdminEffect[] {
    return this.do({ type: 'leases_read', readId: this.state.reads, rows });
  }

  done(call: 'seal' | 'audit' | 'confirm'): readonly AdminEffect[] {
    return this.do({ type: 'call_done', orgId: 'a', call });
  }

  get waits(): boolean {
    return this.state.enablings.get('a')?.evidence === undefined;
  }
}
