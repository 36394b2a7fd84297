import * as grpc from '@grpc/grpc-js';
import { GrpcCallError, type LaneStep, type Logger, runLanes } from '@lethe/service-kit';
import type { OutboxRow } from '../store/outbox.js';
import type { OutboxRefusal } from '../store/schema.js';
import type { Deliver } from './deliver.js';

const lanesMax = 16;
/** A batch is cut here, so that its marks are committed soon and its transaction is never idle for long. */
const batchMsMax = 1000;

/** What a destination answers when it will never take a row, whatever is done. */
const refusals: Partial<Record<grpc.status, OutboxRefusal>> = {
  [grpc.status.INVALID_ARGUMENT]: 'invalid_argument',
  [grpc.status.ALREADY_EXISTS]: 'already_exists',
};

export interface BatchResult {
  readonly sent: readonly OutboxRow[];
  readonly refused: readonly { readonly row: OutboxRow; readonly code: OutboxRefusal }[];
  /** A row was not taken and is to be tried again. */
  readonly failed: boolean;
}

interface BatchOptions {
  readonly deliver: Deliver;
  readonly log: Logger;
  /** True ends the batch after the rows that are being sent. */
  readonly stopped: () => boolean;
}

/**
 * Sends rows, those of one organization one after the other, several organizations side by side. A row that fails
 * stops its organization; a destination that is away stops them all. A row that is refused for ever is passed by.
 */
export const sendBatch = async (rows: readonly OutboxRow[], options: BatchOptions): Promise<BatchResult> => {
  const { deliver, log, stopped } = options;
  const sent: OutboxRow[] = [];
  const refused: { readonly row: OutboxRow; readonly code: OutboxRefusal }[] = [];
  const startedMs = performance.now();
  let failed = false;

  const take = async (row: OutboxRow): Promise<LaneStep> => {
    const { destination, configVersion: version, eventId } = row;
    try {
      await deliver(row);
      sent.push(row);
      return 'next';
    } catch (error) {
      const status = error instanceof GrpcCallError ? error.status : grpc.status.UNKNOWN;
      const code = refusals[status];
      if (code !== undefined) {
        log.error('outbox.row_refused', error, { destination, code, version, eventId });
        refused.push({ row, code });
        return 'next';
      }
      log.warn('outbox.send_failed', { destination, status, version });
      failed = true;
      return error instanceof GrpcCallError && error.retriable ? 'stop_all' : 'stop_lane';
    }
  };
  await runLanes(rows, {
    laneOf: ({ orgId }) => orgId ?? '',
    take,
    lanesMax,
    stopped: () => stopped() || performance.now() - startedMs > batchMsMax,
  });
  return { sent, refused, failed };
};
