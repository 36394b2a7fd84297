import { type Logger, type RestAppMetrics, serveRest, withHouseRoutes } from '@lethe/service-kit';
import { Hono } from 'hono';

export interface OperatorFace {
  readonly host: string;
  readonly port: number;
  readonly log: Logger;
  readonly metrics: RestAppMetrics;
  readonly ready: () => boolean | Promise<boolean>;
}

/** Serves health, readiness and metrics on the operator's port. Rejects with the system's error. */
export const serveOperator = ({
  host,
  port,
  log,
  metrics,
  ready,
}: OperatorFace): Promise<{ close(): Promise<void> }> =>
  serveRest(withHouseRoutes(new Hono(), { origin: 'router', log, metrics, ready }), { host, port });
