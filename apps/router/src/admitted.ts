import type { KnownNames } from '@lethe/json-scanner';
import type { Principal } from './auth/authenticate.js';
import type { Face } from './dialects/face.js';
import type { RequestBody } from './http/types.js';
import type { Capture } from './insight/start-capture.js';
import type { UpstreamResponse } from './providers/types.js';
import type { FallbackPlan } from './routing/resolve-plan.js';

/** A face made ready to serve: once per process, not per request. */
export interface Served {
  readonly face: Face;
  readonly names: KnownNames<string>;
  readonly fieldNames: readonly string[];
}

/** A request that may go to a provider. */
export interface Admitted {
  readonly served: Served;
  readonly principal: Principal;
  readonly body: RequestBody;
  readonly rawHeaders: readonly string[];
  readonly plan: FallbackPlan;
  /** Under organization ZDR, or asked for by the request: nothing may be stored on either side. */
  readonly strict: boolean;
  readonly capture: Capture | undefined;
}

export interface Answered {
  readonly upstream: UpstreamResponse;
  readonly removeUsageEvent: boolean;
}
