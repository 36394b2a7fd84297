import { type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import type { audit } from '@lethe/contracts';
import type { Logger } from '@lethe/service-kit';
import { type Refusal, readAppendableEvent } from '../append/read-event.js';
import type { AuditMetrics } from '../metrics.js';
import { sequenceEvent } from '../sequence/sequence-event.js';
import type { AuditDatabase } from '../store/database.js';
import { StoreError } from '../store/store-error.js';

/** Constant texts: what a caller sent is never in an answer. */
const details: Record<Refusal, string> = {
  too_large: 'the event has more than 60000 bytes',
  invalid_event_id: 'event_id is not a UUIDv7',
  invalid_org_id: 'org_id is not a UUID',
  not_utf8: 'the event is not UTF-8',
  not_json: 'the event is not JSON',
  not_in_schema: 'the event does not match the schema of audit events',
  not_canonical: 'the event is not canonical JSON',
  event_id_differs: 'the event has another id than the call',
  org_id_differs: 'the event has another organization than the call',
  inconsistent: 'fields of the event contradict one another',
};

interface ServiceOptions {
  readonly database: AuditDatabase;
  readonly metrics: AuditMetrics;
  readonly log: Logger;
}

interface Refused {
  readonly code: status;
  readonly details: string;
  readonly reason: string;
}

const failureOf = (error: unknown): Refused =>
  error instanceof StoreError && error.reason === 'event_id_taken'
    ? { code: status.ALREADY_EXISTS, details: 'another event has this id', reason: 'event_id_taken' }
    : { code: status.UNAVAILABLE, details: 'the audit store is not available', reason: 'unavailable' };

/** The one intake of audit: idempotent by event id, answers after the commit. */
export const createAuditService = ({ database, metrics, log }: ServiceOptions): audit.AuditServer => {
  const append = async (request: audit.AppendRequest): Promise<bigint | Refused> => {
    const read = readAppendableEvent(request);
    if ('refusal' in read)
      return { code: status.INVALID_ARGUMENT, details: details[read.refusal], reason: read.refusal };
    try {
      return await sequenceEvent(database, read.event);
    } catch (error) {
      const refused = failureOf(error);
      if (refused.code === status.UNAVAILABLE) log.error('append.failed', error);
      return refused;
    }
  };
  return {
    getProof: (_call, callback) => callback({ code: status.UNIMPLEMENTED }),
    listTombstones: (call) => {
      call.emit('error', { code: status.UNIMPLEMENTED });
    },
    append: (
      call: ServerUnaryCall<audit.AppendRequest, audit.AppendResponse>,
      callback: sendUnaryData<audit.AppendResponse>,
    ) => {
      append(call.request).then((result) => {
        if (typeof result === 'bigint') {
          metrics.appended.inc();
          callback(null, { index: result, proof: '', checkpoint: '' });
        } else {
          metrics.refused.inc({ reason: result.reason });
          callback({ code: result.code, details: result.details });
        }
      });
    },
  };
};
