import { initialAdminState } from '../admin/initial.js';
import { adminStep } from '../admin/step.js';
import type { AdminEvent, AdminState, AdminStep } from '../admin/types.js';
import type { ClockReading } from '../router/clocks.js';
import { initialRouterState } from '../router/initial.js';
import { routerStep } from '../router/step.js';
import type { RouterEvent, RouterState, RouterStep } from '../router/types.js';
import type { LeaseTiming } from '../timing.js';
import type { ConfigDatabase, Renewal } from './config-database.js';
import type { MachineClocks } from './machine-clocks.js';

/** What is simulated: the product's own steps, and the smallest driver around them that follows the rules. */
export interface Parts {
  readonly routerStep: (state: RouterState, event: RouterEvent) => RouterStep;
  readonly routerState: (drift: number) => RouterState;
  readonly adminStep: (state: AdminState, event: AdminEvent) => AdminStep;
  readonly adminState: (timing: LeaseTiming) => AdminState;
  /** Which clocks a router looks at. */
  readonly reading: (clocks: MachineClocks, nowMs: number) => ClockReading;
  /** The grant transaction: reads the version and writes the row; undefined when the nonce was seen before. */
  readonly grant: (database: ConfigDatabase, renewal: Renewal, nowMs: number) => bigint | undefined;
}

export const productParts: Parts = {
  routerStep,
  routerState: initialRouterState,
  adminStep,
  adminState: initialAdminState,
  reading: (clocks, nowMs) => clocks.reading(nowMs),
  grant: (database, renewal) => database.grant(renewal),
};
