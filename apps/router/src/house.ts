import type { CoarseTimer, Logger } from '@lethe/service-kit';
import type { BodyLimits } from './http/types.js';
import type { DistinctValues } from './insight/distinct-values.js';
import type { RouterMetrics } from './metrics.js';
import type { Policy } from './policy/types.js';
import type { ProviderClient } from './providers/types.js';
import type { PayloadPublisher } from './publish/payload-publisher.js';
import type { TelemetryPublisher } from './publish/telemetry-publisher.js';
import type { RawRequests } from './raw-request/keep-raw-request.js';

export interface PipelineSettings {
  readonly bodyLimits: BodyLimits;
  readonly headersMax: number;
  readonly deploymentRegion: string;
  /** True: the last bytes of a response wait until its telemetry is stored. */
  readonly strictBilling: boolean;
  /** Tries at one account before the next one of the plan. */
  readonly triesPerAccountMax: number;
  readonly retryWaitMs: number;
  /** Bytes of a response captured under a grant. */
  readonly captureBytesMax: number;
  /** Bytes of one request field captured under a grant. */
  readonly captureRequestBytesMax: number;
  readonly providerErrorBytesMax: number;
}

/** What the stages of the pipeline may use. */
export interface House {
  readonly policy: Policy;
  readonly client: ProviderClient;
  readonly distinct: DistinctValues;
  readonly telemetry: TelemetryPublisher;
  readonly payload: PayloadPublisher;
  /** Undefined: this router has no object store, and no raw request is kept. */
  readonly rawRequests?: RawRequests | undefined;
  readonly metrics: RouterMetrics;
  readonly log: Logger;
  readonly timer: CoarseTimer;
  readonly settings: PipelineSettings;
}
