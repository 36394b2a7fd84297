import {
  type Logger,
  type RestAppMetrics,
  serveRest,
  type TlsIdentity,
  withHouseRoutes,
} from '@lethe/service-kit';
import { Hono } from 'hono';

export interface OperatorFace {
  readonly host: string;
  readonly port: number;
  readonly log: Logger;
  readonly metrics: RestAppMetrics;
  readonly ready: () => boolean | Promise<boolean>;
  /** HTTPS with it, HTTP without. */
  readonly tls?: TlsIdentity | undefined;
}

/** Serves health, readiness and metrics on the operator's port. Rejects with the system's error. */
export const serveOperator = ({
  host,
  port,
  log,
  metrics,
  ready,
  tls,
}: OperatorFace): Promise<{ close(): Promise<void> }> =>
  serveRest(withHouseRoutes(new Hono(), { origin: 'router', log, metrics, ready }), { host, port, tls });
